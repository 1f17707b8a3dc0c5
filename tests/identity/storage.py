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
class SecuredAzurite:
    """A running Azurite that is reached over HTTPS.

    Attributes:
        blob: The address of the account's blobs; `queue` and `table` likewise.
        certificate: The certificate that a client has to trust.
    """

    blob: str
    queue: str
    table: str
    certificate: Path

    @property
    def trust(self) -> dict[str, str]:
        """Variables by which a process trusts this Azurite, whatever client it uses."""
        return {"SSL_CERT_FILE": str(self.certificate), "REQUESTS_CA_BUNDLE": str(self.certificate)}


@contextmanager
def run_secured_azurite(folder: Path) -> Iterator[SecuredAzurite]:
    """Start an Azurite in memory that is reached over HTTPS; its certificate goes into the folder."""
    certificate, key = certificate_and_key(folder)
    ports = [part for service in ("blob", "queue", "table") for part in (f"--{service}Port", "0")]
    flags = ["--silent", "--disableTelemetry", "--skipApiVersionCheck", "--inMemoryPersistence", "--oauth", "basic"]
    command = [node(), str(SCRIPT), *flags, *ports, "--cert", str(certificate), "--key", str(key)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        addresses: dict[str, str] = {}
        while len(addresses) < 3:
            line = process.stdout.readline() if process.stdout else ""
            assert line, "Azurite ended"
            addresses |= {service.lower(): f"{url}/{EMULATOR_NAME}" for service, url in _LISTENING.findall(line)}
        reader = threading.Thread(target=lambda: list(process.stdout or ()), daemon=True)
        reader.start()
        try:
            yield SecuredAzurite(**addresses, certificate=certificate)
        finally:
            process.terminate()
            reader.join()


def certificate_and_key(folder: Path) -> tuple[Path, Path]:
    """A certificate for this machine that only tests trust, and its key."""
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
