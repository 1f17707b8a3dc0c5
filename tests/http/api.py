"""Calls as a client without a library makes them."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one call."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The error in the body."""
        error: dict[str, Any] = self.json["error"]
        return error


@dataclass(frozen=True, slots=True)
class Api:
    """A running Rankloop, and the key that opens it.

    Attributes:
        loop: The path of its loop, such as `/news`; empty for the loop `default`.
        tries: How often a call is made that is answered with 503 and a time to wait. A test that wants
            to see that answer tries once; published clients try four times.
    """

    host: str
    port: int
    key: str | None
    tries: int = 1
    loop: str = ""

    @classmethod
    def at(cls, url: str, key: str | None, tries: int = 1) -> "Api":
        """The API at an address."""
        parts = urlsplit(url)
        return cls(parts.hostname or "", parts.port or 80, key, tries, parts.path)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{self.host}:{self.port}{self.loop}"

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Read."""
        return self.call("GET", path, None, headers)

    def post(self, path: str, body: object = b"", headers: Mapping[str, str] | None = None) -> Answer:
        """Send a body: bytes as they are, anything else as JSON."""
        return self.call("POST", path, body, headers)

    def put(self, path: str, body: object) -> Answer:
        """Replace."""
        return self.call("PUT", path, body)

    def delete(self, path: str) -> Answer:
        """Delete or reset."""
        return self.call("DELETE", path, None)

    def call(self, method: str, path: str, body: object, headers: Mapping[str, str] | None = None) -> Answer:
        """One request, on a connection of its own each time that it is made."""
        for _ in range(self.tries - 1):
            answer = self._request(method, path, body, headers)
            if answer.status != 503 or "retry-after" not in answer.headers:
                return answer
            time.sleep(float(answer.headers["retry-after"]))
        return self._request(method, path, body, headers)

    def _request(self, method: str, path: str, body: object, headers: Mapping[str, str] | None) -> Answer:
        sent = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        key = {"Ocp-Apim-Subscription-Key": self.key} if self.key is not None else {}
        connection = HTTPConnection(self.host, self.port, timeout=30)
        try:
            connection.request(method, f"{self.loop}{path}", sent, {**key, **(headers or {})})
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())
        finally:
            connection.close()
