"""The certificate by which the loops of this machine are called over https, and its key: made once in a data folder.

It is its own trust anchor, as the development certificate of ASP.NET Core is, and no authority: it vouches for the
names of this machine alone. Whoever steals its key can pose as nobody else to the clients that trust it.
"""

import ssl
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from localhost import private_files
from localhost.failures import StartFailure
from localhost.locks import FolderLock

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey

HOSTS = ("localhost", "127.0.0.1", "::1")
"""Whom it vouches for."""
CERTIFICATE_FILES = frozenset({"certificate.pem", "certificate-key.pem", "certificate.lock"})
"""What lies in the data folder for it."""
_NAME = "CN=Rankloop on this machine"
_VALID = timedelta(days=730)
"""macOS takes no certificate of more than 825 days."""
_SPARE = timedelta(days=30)
"""So long before its end it is made anew, lest it end while a loop serves."""
_DIFFERENCE_OF_CLOCKS = timedelta(days=1)
_LOCK_SECONDS = 10.0
_RIGHTS = (
    *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
    *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
)


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate of a data folder.

    Attributes:
        folder: The data folder.
    """

    folder: Path

    @property
    def file(self) -> Path:
        """What clients are to trust; no secret."""
        return self.folder / "certificate.pem"

    @property
    def key_file(self) -> Path:
        """The key to it, a secret."""
        return self.folder / "certificate-key.pem"

    def client_context(self) -> ssl.SSLContext:
        """Give the context of a client that trusts it, and nothing else."""
        return ssl.create_default_context(cafile=str(self.file))


def keep_certificate(folder: Path, now: datetime) -> tuple[Certificate, str]:
    """Give the certificate of a folder, which is there; the first call makes one, and so does one near its end.

    Returns:
        The certificate, and a sentence if it was made; else an empty text.

    Raises:
        StartFailure: The files in its place are no certificate of this machine and its key.
    """
    certificate, lock = Certificate(folder), FolderLock(folder / "certificate.lock")
    lock.take(_LOCK_SECONDS, StartFailure(f"Another process makes the certificate in {folder}.", "Run it again."))
    try:
        before = _read(certificate)
        if before and before.not_valid_before_utc <= now <= before.not_valid_after_utc - _SPARE:
            _check_key(certificate, before)
            return certificate, ""
        return certificate, _describe(certificate, before, _write(certificate, now))
    finally:
        lock.let_go()


def _read(certificate: Certificate) -> "x509.Certificate | None":
    from cryptography.x509 import load_pem_x509_certificate

    if not certificate.file.exists():
        return None
    try:
        content = load_pem_x509_certificate(certificate.file.read_bytes())
    except (ValueError, OSError) as error:
        raise _refusal(certificate, "it cannot be read") from error
    if content.issuer.rfc4514_string() != _NAME:
        raise _refusal(certificate, f"it is of {content.issuer.rfc4514_string()}")
    return content


def _check_key(certificate: Certificate, content: "x509.Certificate") -> None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        key = load_pem_private_key(certificate.key_file.read_bytes(), password=None)
    except FileNotFoundError as error:
        raise _refusal(certificate, f"its key {certificate.key_file.name} is gone") from error
    except (ValueError, TypeError, OSError, UnsupportedAlgorithm) as error:
        raise _refusal(certificate, f"its key {certificate.key_file.name} cannot be read") from error
    if key.public_key() != content.public_key():
        raise _refusal(certificate, f"{certificate.key_file.name} is the key of another one")


def _refusal(certificate: Certificate, why: str) -> StartFailure:
    return StartFailure(
        f"{certificate.file} is no certificate to serve by: {why}.",
        f"Move it and {certificate.key_file.name} out of {certificate.folder}: the next start makes both anew. "
        "Clients then have to be given the new certificate.",
    )


def _write(certificate: Certificate, now: datetime) -> "x509.Certificate":
    """Make certificate and key; the key first, since a key without a certificate is made anew."""
    from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = generate_private_key(SECP256R1())
    content = _sign(key, now)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    private_files.replace(certificate.key_file, secret.decode("ascii"))
    private_files.replace(certificate.file, content.public_bytes(Encoding.PEM).decode("ascii"))
    return content


def _sign(key: "EllipticCurvePrivateKey", now: datetime) -> "x509.Certificate":
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.x509 import CertificateBuilder, Name, random_serial_number

    name = Name.from_rfc4514_string(_NAME)
    builder = CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(random_serial_number())
    builder = builder.not_valid_before(now - _DIFFERENCE_OF_CLOCKS).not_valid_after(now + _VALID)
    for extension, critical in _extensions(key):
        builder = builder.add_extension(extension, critical)
    return builder.sign(key, SHA256())


def _extensions(key: "EllipticCurvePrivateKey") -> "list[tuple[x509.ExtensionType, bool]]":
    """What strict clients demand: for servers, no authority, the names, and by which key it is signed."""
    from cryptography import x509

    names = [x509.DNSName(HOSTS[0]), *(x509.IPAddress(ip_address(host)) for host in HOSTS[1:])]
    rights = dict.fromkeys(_RIGHTS, False) | {"digital_signature": True}
    return [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (x509.KeyUsage(**rights), True),
        (x509.ExtendedKeyUsage([x509.oid.ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectAlternativeName(names), False),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), False),
    ]


def _describe(certificate: Certificate, before: "x509.Certificate | None", content: "x509.Certificate") -> str:
    end = f"{content.not_valid_after_utc:%Y-%m-%d}"
    if before is None:
        return f"A certificate for https was made: {certificate.file}. It is good until {end}."
    days = f"from {before.not_valid_before_utc:%Y-%m-%d} to {before.not_valid_after_utc:%Y-%m-%d}"
    return (
        f"The certificate in {certificate.file} was good {days}. It was made anew, until {end}: "
        "clients have to be given the new one."
    )
