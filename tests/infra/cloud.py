"""A cloud of one machine: it answers under the names of Azure's services, through a proxy as companies have them."""

import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

VAULT_NAME = "kv-rank-a2b3c4d5e6f7g"
STORAGE_NAME = "strankloopa2b3c4d5e6f7g"
MANAGEMENT, VAULT = "management.azure.com", f"{VAULT_NAME}.vault.azure.net"
STORAGE = f"{STORAGE_NAME}.blob.core.windows.net"
_HOSTS = (MANAGEMENT, VAULT, STORAGE)
DELETED = f"{MANAGEMENT}/subscriptions/0d0c/providers/Microsoft.KeyVault/deletedVaults?api-version=2023-07-01"


@dataclass(slots=True)
class Cloud:
    """The answers that a cloud gives, and the requests that it got.

    Attributes:
        variables: With them in its environment, a process finds this cloud.
        answers: By address without https://, one after the other; the last one stays. Bytes are sent as they are, all
            else as JSON.
        requests: The requested addresses, each with the token that was sent; a method other than GET stands before it.
    """

    variables: Mapping[str, str]
    answers: dict[str, list[tuple[int, object]]] = field(default_factory=dict)
    requests: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, address: str, token: str) -> tuple[int, bytes]:
        """The next answer for an address."""
        self.requests.append((address, token))
        left = self.answers.get(address, [(404, {"error": {"code": "NotFound", "message": f"No {address}."}})])
        status, body = left.pop(0) if len(left) > 1 else left[0]
        return status, body if isinstance(body, bytes) else dumps(body).encode()


@contextmanager
def cloud(folder: Path) -> Iterator[Cloud]:
    """Serve it.

    Args:
        folder: For its certificate.
    """
    certificate = folder / "cloud.pem"
    certificate.write_bytes(_certificate())
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Proxy) as server:
        proxy = f"http://127.0.0.1:{server.server_address[1]}"
        new_cloud = Cloud({"https_proxy": proxy, "SSL_CERT_FILE": str(certificate)})
        server.cloud, server.tls, server.daemon_threads = new_cloud, served, True  # type: ignore[attr-defined]
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield new_cloud
        finally:
            server.shutdown()
            thread.join()


class _Proxy(BaseHTTPRequestHandler):
    """Takes the place of whatever host a connection is wanted to."""

    protocol_version = "HTTP/1.1"
    _host = ""

    def do_CONNECT(self) -> None:
        self._host = self.path.partition(":")[0]
        if self._host not in _HOSTS:
            self.send_error(502)
            return
        self.send_response(200)
        self.end_headers()
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)  # type: ignore[attr-defined]
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.close_connection = False

    def do_GET(self) -> None:
        self._answer(f"{self._host}{self.path}")

    def _take(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(f"{self.command} {self._host}{self.path}")

    do_POST = do_PUT = do_DELETE = _take  # noqa: N815 - the names that the library wants

    def _answer(self, address: str) -> None:
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        status, body = self.server.cloud.answer(address, token)  # type: ignore[attr-defined]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _certificate() -> bytes:
    """A certificate of the services' names, signed by itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a cloud of one machine")])
    names = x509.SubjectAlternativeName([x509.DNSName(host) for host in _HOSTS])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    always = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
    builder = builder.not_valid_before(always[0]).not_valid_after(always[1])
    signed = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    kind = serialization.PrivateFormat.PKCS8
    private = key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption())
    return private + signed.public_bytes(serialization.Encoding.PEM)
