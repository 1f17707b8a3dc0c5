"""One call over HTTP, and what came back."""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

LOOPBACK = ("127.0.0.1", "::1", "localhost")
_SECONDS = 30.0
_MOST_SHOWN = 500


class Unreachable(Exception):
    """No answer came; the text says why."""


class Untrusted(Unreachable):
    """Who answers there has a certificate of nobody that is trusted, or one for another address."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The body, if it is a JSON object; else an empty one."""
        try:
            document = json.loads(self.body)
        except ValueError:
            return {}
        return document if isinstance(document, dict) else {}

    @property
    def code(self) -> str:
        """The code of the refusal; empty if there is none."""
        error = self.document.get("error")
        return str(error.get("code") or "")[:_MOST_SHOWN] if isinstance(error, dict) else ""

    @property
    def message(self) -> str:
        """What it says of itself if it is a refusal; empty if it says nothing that one can read."""
        document = self.document
        if isinstance(document.get("missing"), list):
            return " ".join(str(sentence) for sentence in document["missing"])[:_MOST_SHOWN]
        error = document.get("error")
        return str(error.get("message") or "")[:_MOST_SHOWN] if isinstance(error, dict) else ""

    def summary(self) -> str:
        """Status and message, to stand after *answered*."""
        message = self.message.rstrip(". ")
        return f"{self.status}: {message}" if message else str(self.status)


def ask(
    method: str, url: str, headers: Mapping[str, str], body: object = None, certificate: Path | None = None
) -> Answer:
    """Make a call and give the answer, whatever its status; no redirection is followed, since headers hold secrets.

    Args:
        body: A JSON value, or bytes, which are sent as they are; None for none.
        certificate: What is trusted beside the authorities of the machine, or of the variable SSL_CERT_FILE.

    Raises:
        Untrusted: The certificate of the address is not trusted.
        Unreachable: There was no answer.
    """
    data = body if isinstance(body, bytes) else None if body is None else json.dumps(body).encode()
    content = "application/octet-stream" if isinstance(body, bytes) else "application/json"
    sent = {"Accept": "application/json", **({"Content-Type": content} if data else {}), **headers}
    try:
        request = urllib.request.Request(url, data, sent, method=method)  # noqa: S310 - callers check the address
        with _opener(url, certificate).open(request, timeout=_SECONDS) as answer:
            return Answer(answer.status, answer.read())
    except urllib.error.HTTPError as error:
        return _answer_of(error)
    except (OSError, http.client.HTTPException, ValueError) as error:
        is_untrusted = isinstance(_reason(error), ssl.SSLCertVerificationError)
        raise (Untrusted if is_untrusted else Unreachable)(_why(error)) from error


def _answer_of(error: urllib.error.HTTPError) -> Answer:
    try:
        with error:
            return Answer(error.code, error.read())
    except (OSError, http.client.HTTPException):
        return Answer(error.code, b"")


def _reason(error: Exception) -> object:
    return error.reason if isinstance(error, urllib.error.URLError) else error


def _why(error: Exception) -> str:
    reason = _reason(error)
    if isinstance(reason, ssl.SSLCertVerificationError):
        return reason.verify_message.rstrip(".")
    return str(reason) or type(reason).__name__


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _opener(url: str, certificate: Path | None) -> urllib.request.OpenerDirector:
    """By the proxy that the environment names, but never to this machine itself."""
    direct = [urllib.request.ProxyHandler({})] if urlsplit(url).hostname in LOOPBACK else []
    trusting = [urllib.request.HTTPSHandler(context=_trust(certificate))] if certificate else []
    return urllib.request.build_opener(_NoRedirection, *direct, *trusting)


def _trust(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(certificate)
    return context
