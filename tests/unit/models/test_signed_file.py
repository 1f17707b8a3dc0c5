"""The archive of a signed model."""

import io
import tracemalloc
import zipfile
from dataclasses import replace

import pytest

from shared.models import signed_file, signing
from shared.models.signed_file import MAX_MODEL_BYTES, SignedModel, unpack
from shared.models.signing import Signer, new_signer
from shared.web.errors import (
    InvalidModelImportFormat,
    InvalidModelImportSignature,
    TooLarge,
)

NAMES = ["model.vw", "signer.der", "sha512_signature.bin"]


@pytest.fixture(scope="module")
def pem() -> bytes:
    return new_signer("default", 1_764_000_000_000_000)


@pytest.fixture(scope="module")
def signer(pem: bytes) -> Signer:
    return Signer.read(pem)


@pytest.fixture(scope="module")
def signed(signer: Signer) -> SignedModel:
    return SignedModel(b"a model", signer.certificate, signer.sign(b"a model"))


def archive(entries: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as opened:
        for name, data in entries.items():
            opened.writestr(name, data)
    return buffer.getvalue()


def test_an_archive_has_what_the_old_service_put_into_it(signed: SignedModel) -> None:
    """Clients and scripts of the old service read these names, and a signature of 2048 bits."""
    with zipfile.ZipFile(io.BytesIO(signed.pack())) as opened:
        assert opened.namelist() == NAMES
        assert len(opened.read("sha512_signature.bin")) == 256


def test_the_same_model_is_packed_into_the_same_bytes(pem: bytes, signed: SignedModel) -> None:
    """At any time, and on any instance."""
    other = Signer.read(pem)

    again = SignedModel(signed.model, other.certificate, other.sign(signed.model))

    assert signed.pack() == again.pack()


def test_what_was_packed_is_unpacked_and_its_signature_holds(signed: SignedModel) -> None:
    """A model can move from one deployment to another."""
    there = unpack(signed.pack())

    assert there == signed
    signing.check(there.model, there.certificate, there.signature)


@pytest.mark.parametrize("changed", ["model", "certificate", "signature"])
def test_a_part_of_another_model_breaks_the_signature(signed: SignedModel, changed: str) -> None:
    """Whichever of the three was exchanged."""
    stranger = Signer.read(new_signer("other", 0))
    parts = {"model": b"another", "certificate": stranger.certificate, "signature": stranger.sign(signed.model)}
    mixed = replace(signed, **{changed: parts[changed]})

    with pytest.raises(InvalidModelImportSignature):
        signing.check(mixed.model, mixed.certificate, mixed.signature)


@pytest.mark.parametrize("certificate", [b"", b"nothing", b"\x30\x80\x00", bytes(3000)])
def test_bytes_that_are_no_certificate_are_refused(signed: SignedModel, certificate: bytes) -> None:
    """With an error of the API, not of the library."""
    with pytest.raises(InvalidModelImportSignature):
        signing.check(signed.model, certificate, signed.signature)


def test_a_certificate_names_the_loop_and_has_the_usual_fingerprint(signer: Signer) -> None:
    """The fingerprint is that of `openssl x509 -fingerprint -sha256`."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.x509 import load_der_x509_certificate

    certificate = load_der_x509_certificate(signer.certificate)

    assert signer.fingerprint == certificate.fingerprint(SHA256()).hex()
    assert certificate.subject.rfc4514_string() == "CN=default,O=Rankloop"


def test_a_signer_never_shows_its_key(signer: Signer, pem: bytes) -> None:
    """Not even in a log of the object."""
    assert b"PRIVATE KEY" in pem
    assert "PRIVATE" not in repr(signer)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"PK\5\6",
        b"no archive at all, but long enough to be one",
        archive({"other.vw": b"x"}),
        archive({"model.vw": b"x", "signer.der": b"", "sha512_signature.bin": b""}, zipfile.ZIP_BZIP2),
        archive(dict.fromkeys(NAMES, b"data"))[:-30],
        archive(dict.fromkeys(NAMES, b"data")).replace(b"\x00model.vw", b"\x00model.vx", 1),
        archive(dict.fromkeys([*NAMES, *map(str, range(3000))], b"")),
    ],
)
def test_a_body_that_is_no_such_archive_is_refused(body: bytes) -> None:
    """Whatever is wrong with it."""
    with pytest.raises(InvalidModelImportFormat):
        unpack(body)


@pytest.mark.parametrize("missing", NAMES[1:])
def test_a_model_without_signature_is_refused_as_not_signed(missing: str) -> None:
    """The mistake differs from a wrong archive, and has a code of its own."""
    with pytest.raises(InvalidModelImportSignature):
        unpack(archive({name: b"x" for name in NAMES if name != missing}))


def test_a_small_archive_of_a_huge_model_is_not_unpacked() -> None:
    """Zeros pack to a thousandth: memory must not depend on what a stranger packed."""
    buffer, zeros = io.BytesIO(), bytes(2**20)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened:
        with opened.open("model.vw", "w") as model:
            for _ in range(400):
                model.write(zeros)
        for name in NAMES[1:]:
            opened.writestr(name, b"x")
    assert len(buffer.getvalue()) < 2**20

    tracemalloc.start()
    try:
        with pytest.raises(TooLarge):
            unpack(buffer.getvalue())
        assert tracemalloc.get_traced_memory()[1] < 3 * MAX_MODEL_BYTES
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", NAMES[1:])
def test_a_huge_certificate_or_signature_is_not_unpacked(name: str) -> None:
    """Neither of them."""
    with pytest.raises(TooLarge):
        unpack(archive({**dict.fromkeys(NAMES, b"x"), name: bytes(10**6)}))


def test_a_damaged_archive_is_never_more_than_refused(signed: SignedModel) -> None:
    """Byte after byte is changed; the parser of archives has errors of many classes."""
    body = signed.pack()
    for place in range(0, len(body), 3):
        damaged = body[:place] + bytes([body[place] ^ 0xFF]) + body[place + 1 :]
        try:
            assert unpack(damaged) is not None
        except (InvalidModelImportFormat, InvalidModelImportSignature, TooLarge):
            continue


def test_no_module_imports_cryptography_before_it_is_needed() -> None:
    """Every cold start would pay for an import that is needed once a month."""
    for module in (signing, signed_file):
        assert "cryptography" not in vars(module)
