"""The log is copied to public addresses only: what the app's own network reaches is not for callers."""

import datetime
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from localhost.azurite.emulator import Azurite
from shared import settings
from shared.configuration.container_sas import problem
from shared.log.customer_container import ContainerFailed, CustomerContainer
from shared.log.customer_process import ExchangeFailed, Exchanges, Rate
from shared.storage.public_addresses import is_public
from shared.storage.this_storage import this_storage
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.conftest import NEVER
from tests.storages import NewStorage

SERVICE = "/personalizer/configurations/service?api-version=2022-09-01-preview"
PREVIEW = "/rankloop/v1/configurations/service:preview"
SIGNED = "sv=2022-11-02&sr=c&sp=cw&se=2099-01-01T00%3A00%3A00Z&sig=secret"
LOG = b"log"
NAME, PUBLIC = "mine.blob.core.windows.net", "20.60.1.1"
ELSEWHERE = {"AzureWebJobsStorage__accountName": "elsewhere"}

NOT_PUBLIC = [
    *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "168.63.129.16", "100.100.100.200"),
    *("0.0.0.1", "255.255.255.255", "224.0.0.1", "192.0.0.192", "198.18.0.1", "240.0.0.1"),
    *("::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "ff02::1", "ff0e::1", "2001:db8::1", "fec0::1"),
    *("::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b:1::a00:1"),
    *("2002:7f00:1::", "2002:a9fe:a9fe::", "2001:0:53aa:64c:0:fbff:5601:5601", "::7f00:1"),
]
"""Loopback, private, link-local, metadata, the platform, shared, reserved; also inside of other addresses."""


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_only_the_app_reaches_is_not_public(address: str) -> None:
    """In whichever of the forms that hold another address."""
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", [PUBLIC, "2603:1030:a0b::10", "64:ff9b::143c:101", "2002:143c:101::"])
def test_an_address_of_the_internet_is_public(address: str) -> None:
    """Among them those that hold a public one."""
    assert is_public(ip_address(address))


REFUSED = [
    *(f"http://{NAME}/logs", f"ftp://{NAME}/logs", f"https:/{NAME}/logs", f"https://{NAME}./logs"),
    *("https://127.0.0.1/logs", "https://169.254.169.254/logs", "https://[::1]/logs", "https://127.1/logs"),
    *("https://[::ffff:169.254.169.254]/logs", "https://2852039166/logs", "https://0xa9fea9fe/logs"),
    *("https://0251.0376.0251.0376/logs", "https://a.0x7f/logs", "https://0/logs", "https://metadata/logs"),
    *("https://localhost/logs", "http://10.0.0.1:10000/account/logs", "http://azurite:10000/account/logs"),
    *(f"https://me:word@{NAME}/logs", f"https://me@{NAME}/logs", f"https://{NAME}\\@other.example/logs"),
    *(f"https://{NAME}\r\nHost: other/logs", f"https://{NAME}%0d%0aHost/logs", f"https://{NAME}\t/logs"),
    *(f"https://{NAME}:99999/logs", f"https://{NAME}:x/logs", f"https://{NAME} /logs", "https://ｍine.net/logs"),
]


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_could_lead_elsewhere_is_none(address: str) -> None:
    """Only https, and a host by a name that every reader of addresses reads in the same way."""
    text = problem(f"{address}?{SIGNED}")

    assert text is not None
    assert "secret" not in text


@pytest.fixture(scope="module")
def api(new_storage: NewStorage) -> Iterator[Api]:
    """A loop on this machine."""
    with HostProcess(new_storage(), env={"API_KEY_1": "key", **NEVER}) as started:
        yield Api.at(started.url, "key")


@pytest.mark.parametrize(
    "address", [f"http://{NAME}/logs", "https://169.254.169.254/logs", "https://me:word@a.net/logs"]
)
def test_such_an_address_is_refused_with_its_place(api: Api, address: str) -> None:
    """By the preview, too; nothing is changed, and what was sent is not repeated."""
    body = {"logMirrorEnabled": True, "logMirrorSasUri": f"{address}?{SIGNED}"}

    answers = [api.put(SERVICE, body), api.post(PREVIEW, body)]

    for answer in answers:
        assert (answer.status, answer.error["code"]) == (400, "InvalidSasUri")
        assert answer.error["target"] == "logMirrorSasUri"
        assert "secret" not in answer.error["message"]
    assert "logMirrorEnabled" not in api.get(SERVICE).json


def test_a_loop_on_one_machine_may_copy_to_that_machine(api: Api, azurite: Azurite) -> None:
    """To its emulator."""
    address = f"{azurite.account.blob_endpoint}/logs?{SIGNED}"

    assert api.put(SERVICE, {"logMirrorEnabled": True, "logMirrorSasUri": address}).status == 200


class Names:
    """What name servers answer; each answer in turn, the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.asked = 0
        self._answers = list(answers)

    def __call__(self, _: str, port: int, *__: object, **___: object) -> list[tuple[Any, ...]]:
        self.asked += 1
        addresses = self._answers[min(self.asked, len(self._answers)) - 1]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]


@pytest.fixture
def elsewhere() -> Iterator[None]:
    """A loop whose storage is not on this machine."""
    with settings.use(settings.read(ELSEWHERE)):
        yield


@pytest.fixture
def look_up(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Names]:
    def answer(*answers: list[str]) -> Names:
        names = Names(*answers)
        monkeypatch.setattr(socket, "getaddrinfo", names)
        return names

    return answer


def copy(address: str, folder: Path) -> str:
    """Write a blob as the process of a container does; gives why it failed, empty if it did not."""
    source = folder / "blob"
    source.write_bytes(LOG)
    try:
        answer = Exchanges(address, is_local=this_storage().is_local, least_rate=Rate(1, 60)).write(
            "a", str(source), {}
        )
    except ExchangeFailed as failure:
        return str(failure)
    return "" if answer["status"] == "201" else f"answered {answer['status']}"


@pytest.mark.parametrize("answer", [["127.0.0.1"], [PUBLIC, "10.0.0.1"], ["169.254.169.254"]], ids=str)
def test_a_name_that_leads_to_the_app_s_network_is_not_connected_to(
    elsewhere: None, look_up: Callable[..., Names], answer: list[str], tmp_path: Path
) -> None:
    """Not even where another of its addresses is public. A server that waits there gets no connection."""
    look_up(answer)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        failure = copy(f"https://{NAME}:{server.getsockname()[1]}/logs?{SIGNED}", tmp_path)

        with pytest.raises(BlockingIOError):
            server.accept()
    assert "not public" in failure
    assert "secret" not in failure


@pytest.mark.parametrize("address", [f"http://{NAME}/logs", "http://127.0.0.1:10000/account/logs"])
def test_what_an_earlier_version_has_stored_is_not_connected_to(elsewhere: None, address: str) -> None:
    """Http, and this machine where the loop is not on it: the status then says what is wrong."""
    with pytest.raises(ContainerFailed, match=r"logMirrorSasUri is not taken|not public"):
        CustomerContainer(f"{address}?{SIGNED}", "logMirrorSasUri", list).__enter__()


class Server:
    """A server with a certificate for the name, which answers every request in one way.

    Attributes:
        requests: What it got, and the name that each client asked for.
    """

    def __init__(self, folder: Path, answer: bytes) -> None:
        self.requests: list[tuple[str, bytes]] = []
        self._names: list[str] = []
        self._answer = answer
        self.certificate = folder / "certificate.pem"
        _write_certificate(self.certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate)
        context.sni_callback = lambda _, name, __: self._names.append(name)
        self._socket = context.wrap_socket(socket.create_server(("127.0.0.1", 0)), server_side=True)
        self.port = self._socket.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> "Server":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._socket.close()
        self._thread.join(10)

    def _serve(self) -> None:
        try:
            connection, _ = self._socket.accept()
            with connection:
                request = connection.recv(65536)
                while not request.endswith(b"\r\n\r\n" + LOG):
                    request += connection.recv(65536)
                self.requests.append((self._names[-1], request))
                connection.sendall(self._answer)
        except OSError:
            return


def _write_certificate(path: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    began, ends = (datetime.datetime(year, 1, 1, tzinfo=datetime.UTC) for year in (2000, 2100))
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(began).not_valid_after(ends)
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(secret + builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))


@pytest.fixture
def reach(monkeypatch: pytest.MonkeyPatch) -> Callable[[Server], list[str]]:
    """Let connections to public addresses end at a server here; gives the addresses that were connected to."""

    def lead_to(server: Server) -> list[str]:
        connected: list[str] = []

        def connect(place: tuple[str, int], *_: object) -> socket.socket:
            connected.append(place[0])
            reached = socket.socket()
            reached.connect(("127.0.0.1", server.port))
            return reached

        monkeypatch.setattr(socket, "create_connection", connect)
        monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))
        monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
        return connected

    return lead_to


def test_a_connection_goes_to_the_address_that_was_checked(
    elsewhere: None, look_up: Callable[..., Names], reach: Callable[[Server], list[str]], tmp_path: Path
) -> None:
    """The name is looked up once: what its server would answer next, this machine, is never asked for. No proxy is used
    either, and the certificate has to be that of the name.
    """
    names = look_up([PUBLIC], ["127.0.0.1"])
    with Server(tmp_path, b"HTTP/1.1 201 Created\r\nContent-Length: 0\r\nConnection: close\r\n\r\n") as server:
        connected = reach(server)
        failure = copy(f"https://{NAME}/logs?{SIGNED}", tmp_path)

    ((asked_for, request),) = server.requests
    assert failure == ""
    assert (names.asked, connected, asked_for) == (1, [PUBLIC], NAME)
    assert f"\r\nHost: {NAME}\r\n".encode() in request


def test_a_redirection_is_not_followed(
    elsewhere: None, look_up: Callable[..., Names], reach: Callable[[Server], list[str]], tmp_path: Path
) -> None:
    """Storage never answers with one."""
    look_up([PUBLIC])
    moved = b"HTTP/1.1 307 Moved\r\nLocation: https://other.example/\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
    with Server(tmp_path, moved) as server:
        connected = reach(server)
        failure = copy(f"https://{NAME}/logs?{SIGNED}", tmp_path)

    assert failure == "answered 307"
    assert connected == [PUBLIC]
