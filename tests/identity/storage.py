"""An Azurite that is reached over HTTPS and takes tokens instead of keys."""

import datetime
import ipaddress
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from localhost.azurite.accounts import EMULATOR_NAME
from localhost.azurite.emulator import SCRIPT
from localhost.azurite.node import node

_LISTENING = re.compile(r"Azurite (Blob|Queue|Table) service is successfully listening at (\S+)")


@dataclass(frozen=True, slots=True)
class Secured:
    """A running one.

    Attributes:
        blob: The address of the account's blobs; `queue` and `table` likewise.
        certificate: Who is to be trusted, as no one but a test does.
    """

    blob: str
    queue: str
    table: str
    certificate: Path

    @property
    def trust(self) -> dict[str, str]:
        """Variables by which a process trusts it, whatever client it uses."""
        return {"SSL_CERT_FILE": str(self.certificate), "REQUESTS_CA_BUNDLE": str(self.certificate)}


@contextmanager
def secured_azurite(folder: Path) -> Iterator[Secured]:
    """Start one, in memory; its certificate goes into the folder."""
    certificate, key = certificate_and_key(folder)
    ports = [part for service in ("blob", "queue", "table") for part in (f"--{service}Port", "0")]
    flags = ["--silent", "--disableTelemetry", "--skipApiVersionCheck", "--inMemoryPersistence", "--oauth", "basic"]
    command = [node(), str(SCRIPT), *flags, *ports, "--cert", str(certificate), "--key", str(key)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        found: dict[str, str] = {}
        while len(found) < 3:
            line = process.stdout.readline() if process.stdout else ""
            assert line, "Azurite ended"
            found |= {service.lower(): f"{url}/{EMULATOR_NAME}" for service, url in _LISTENING.findall(line)}
        reader = threading.Thread(target=lambda: list(process.stdout or ()), daemon=True)
        reader.start()
        try:
            yield Secured(**found, certificate=certificate)
        finally:
            process.terminate()
            reader.join()


def certificate_and_key(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine that nobody but a test trusts, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(7).not_valid_before(datetime.datetime(2000, 1, 1, tzinfo=datetime.UTC))
    builder = builder.not_valid_after(datetime.datetime(2100, 1, 1, tzinfo=datetime.UTC))
    builder = builder.add_extension(address, critical=False)
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    return paths
