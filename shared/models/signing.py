"""Signatures of models: who made a file, and whether the file is unchanged.

Source: the old service signed with RSA of 2048 bits, PKCS#1 v1.5 and SHA-512. Its certificates have expired, so the
dates of a certificate are not checked: the fingerprint identifies a signer.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Self

from shared.times import DAY, to_datetime
from shared.web.errors import InvalidModelImportSignature

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
    from cryptography.x509 import Certificate

_BITS, _MOST_BITS = 2048, 8192
_YEARS = timedelta(days=36525)
_EXPONENT = 65537


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key, and the certificate with which others check its signatures.

    Attributes:
        certificate: X.509, DER.
    """

    certificate: bytes
    _key: "RSAPrivateKey"

    @classmethod
    def read(cls, pem: bytes) -> Self:
        """Read a signer from the text that `new_signer` gave.

        Whether the key's numbers are primes is not checked anew: it takes 30 ms, in which no other call goes on.
        """
        from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
        from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
        from cryptography.x509 import load_pem_x509_certificate

        key = load_pem_private_key(pem, password=None, unsafe_skip_rsa_key_validation=True)
        if not isinstance(key, RSAPrivateKey):
            raise TypeError("the loop's key is none of RSA")
        return cls(load_pem_x509_certificate(pem).public_bytes(Encoding.DER), key)

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the certificate, by which others identify the signer."""
        return fingerprint(self.certificate)

    def sign(self, data: bytes) -> bytes:
        """The signature of a file; the same file gives the same signature."""
        from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
        from cryptography.hazmat.primitives.hashes import SHA512

        return self._key.sign(data, PKCS1v15(), SHA512())


def new_signer(loop: str, now_us: int) -> bytes:
    """A new key and its certificate, PEM: a secret, with which anyone can sign as the loop.

    Args:
        loop: The loop's name, which the certificate holds.
    """
    from cryptography.hazmat.primitives.asymmetric import rsa
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    key = rsa.generate_private_key(_EXPONENT, _BITS)
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return secret + _certificate(key, loop, now_us).public_bytes(Encoding.PEM)


def _certificate(key: "RSAPrivateKey", loop: str, now_us: int) -> "Certificate":
    """A self-signed certificate."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.x509 import CertificateBuilder, Name, NameAttribute, random_serial_number
    from cryptography.x509.oid import NameOID

    names = [NameAttribute(NameOID.ORGANIZATION_NAME, "Rankloop"), NameAttribute(NameOID.COMMON_NAME, loop)]
    began = to_datetime(now_us - now_us % DAY)
    builder = CertificateBuilder().subject_name(Name(names)).issuer_name(Name(names)).public_key(key.public_key())
    dated = builder.serial_number(random_serial_number()).not_valid_before(began).not_valid_after(began + _YEARS)
    return dated.sign(key, SHA256())


def fingerprint(certificate: bytes) -> str:
    """SHA-256 of a certificate in DER, as 64 hexadecimal digits."""
    return hashlib.sha256(certificate).hexdigest()


def check(data: bytes, certificate: bytes, signature: bytes) -> None:
    """Check that the holder of a certificate has signed a file.

    Raises:
        InvalidModelImportSignature: The signature is of another file or key, or the certificate cannot be used.
    """
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.hashes import SHA512
    from cryptography.x509 import load_der_x509_certificate

    try:
        key = load_der_x509_certificate(certificate).public_key()
    except Exception as problem:  # the parser raises errors of many classes for a stranger's bytes
        raise InvalidModelImportSignature("It is no X.509 certificate in DER.", "signer.der") from problem
    if not isinstance(key, RSAPublicKey) or not _BITS <= key.key_size <= _MOST_BITS:
        raise InvalidModelImportSignature("Its key must be RSA with 2048 bits.", "signer.der")
    try:
        key.verify(signature, data, PKCS1v15(), SHA512())
    except InvalidSignature as problem:
        raise InvalidModelImportSignature(
            "The signature does not belong to this model and this certificate.", "sha512_signature.bin"
        ) from problem
