"""The identity endpoint that App Service puts beside an app: it hands out the tokens of the app's identity."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.identity.tokens import AUDIENCE, token

CLIENT_ID = "11111111-2222-3333-4444-555555555555"
_HEADER = "secret-of-the-instance"
_HOUR = 3600


@dataclass
class IdentityEndpoint:
    """An endpoint for a single user-assigned identity.

    Attributes:
        resource: What it has tokens for.
        audience: For whom its tokens are made out.
        granted: How often it has handed one out.
        refused: Why it did not, once for each time.
    """

    url: str = ""
    resource: str = AUDIENCE
    audience: str = AUDIENCE
    granted: int = 0
    refused: list[str] = field(default_factory=list)

    @property
    def variables(self) -> dict[str, str]:
        """What the platform sets in the app's environment."""
        return {"IDENTITY_ENDPOINT": f"{self.url}/msi/token", "IDENTITY_HEADER": _HEADER}

    def answer(self, path: str, header: str | None) -> tuple[int, dict[str, Any]]:
        """Status and body for a request."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
        if wrong := _wrong(urlsplit(path).path, header, query, self.resource):
            self.refused.append(wrong)
            return 400, {"statusCode": 400, "message": wrong}
        self.granted += 1
        expires = int(time.time()) + _HOUR
        fields = {"access_token": token(expires, self.audience), "expires_on": str(expires), "client_id": CLIENT_ID}
        return 200, {**fields, "resource": query["resource"], "token_type": "Bearer"}


def _wrong(path: str, header: str | None, query: dict[str, str], resource: str) -> str:
    checks = {
        "no such path": path == "/msi/token",
        "X-IDENTITY-HEADER is not this instance's": header == _HEADER,
        "unknown api-version": query.get("api-version") == "2019-08-01",
        "no such resource": query.get("resource", "").rstrip("/") == resource,
        "no identity with this client_id": query.get("client_id") == CLIENT_ID,
    }
    return next((what for what, right in checks.items() if not right), "")


@contextmanager
def identity_endpoint() -> Iterator[IdentityEndpoint]:
    """Serve an identity endpoint."""
    endpoint = IdentityEndpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = endpoint.answer(self.path, self.headers["X-IDENTITY-HEADER"])
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    endpoint.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield endpoint
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
