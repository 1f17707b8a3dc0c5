"""An authority that signs bearer tokens, as a tenant of Entra ID has one, and publishes its keys."""

import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

TENANT = "3f0d7c1e-5b2a-4c57-9a55-0a4c5b7d9e11"
AUDIENCE = "https://cognitiveservices.azure.com"


@cache
def key(name: str) -> RSAPrivateKey:
    """The private key of a name; the same name gives the same key."""
    del name
    return generate_private_key(public_exponent=65537, key_size=2048)


def public(name: str) -> str:
    """The public half of a key, as the text that a signature of another kind could be forged with."""
    pem = (
        key(name).public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return pem.decode()


@dataclass(frozen=True, slots=True)
class Call:
    """What a browser or an app asks.

    Attributes:
        form: The body of a POST.
    """

    path: str
    origin: str | None
    form: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What is answered to a browser or an app; the body is JSON."""

    body: Mapping[str, Any]
    status: int = HTTPStatus.OK
    headers: Mapping[str, str] = field(default_factory=dict)


class Authority:
    """Serves the discovery document and the public keys of one tenant.

    Attributes:
        names: Names of the keys that are published.
        key_requests: How often the keys were fetched.
    """

    def __init__(self) -> None:
        self.names = ["first"]
        self.key_requests = 0
        self.pause = 0.0
        authority = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.reply("")

            def do_POST(self) -> None:
                self.reply(self.rfile.read(int(self.headers["Content-Length"])).decode())

            def reply(self, form: str) -> None:
                given = authority.answer(Call(self.path, self.headers.get("Origin"), form))
                body = json.dumps(given.body).encode()
                self.send_response(given.status)
                own = {"Content-Type": "application/json", "Content-Length": str(len(body))}
                for name, value in (given.headers | own).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, _kind: type | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def settings(self) -> dict[str, str]:
        """Settings of an app that trusts this authority."""
        return {"AUTH_TENANT": TENANT, "AUTH_AUDIENCE": AUDIENCE, "AUTH_AUTHORITY": self.url}

    def answer(self, call: Call) -> Reply:
        """The discovery document, or the keys."""
        if call.path == f"/{TENANT}/v2.0/.well-known/openid-configuration":
            return Reply({"issuer": f"https://login.example/{TENANT}/v2.0", "jwks_uri": f"{self.url}/keys"})
        self.key_requests += 1
        time.sleep(self.pause)
        strange = [
            {"kty": "EC", "kid": "elliptic"},
            {"kty": "RSA"},
            {"kty": "RSA", "kid": "damaged", "n": "AQ", "e": "x"},
        ]
        return Reply({"keys": [*strange, *map(_export_key, self.names)]})

    def token(self, signed_by: str = "first", lasts: int = 600, **claims: Any) -> str:
        """A token that is good for so many seconds; claims of None are left out."""
        now = int(time.time())
        own = {"aud": AUDIENCE, "iss": f"https://sts.windows.net/{TENANT}/", "nbf": now, "exp": now + lasts}
        merged = own | {"roles": ["admin"]} | claims
        payload = {name: value for name, value in merged.items() if value is not None}
        return jwt.encode(payload, key(signed_by), "RS256", headers={"kid": signed_by})


def _export_key(name: str) -> dict[str, Any]:
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(key(name).public_key(), as_dict=True)
    return {"kty": "RSA", "use": "sig", "kid": name, "n": jwk["n"], "e": jwk["e"]}
