"""A signed model over HTTP: a ZIP archive of the model, the signer's certificate and the signature."""

import io
import zipfile
import zlib
from dataclasses import dataclass

from shared.web.errors import (
    InvalidModelImportFormat,
    InvalidModelImportSignature,
    TooLarge,
)

MAX_MODEL_BYTES = 64 * 1024 * 1024
"""The largest model that can be imported, packed or not."""

_MODEL, _CERTIFICATE, _SIGNATURE = "model.vw", "signer.der", "sha512_signature.bin"
_ALWAYS_THE_SAME = (1980, 1, 1, 0, 0, 0)
_SMALL_BYTES = 64 * 1024
_LIMITS = {_MODEL: MAX_MODEL_BYTES, _CERTIFICATE: _SMALL_BYTES, _SIGNATURE: _SMALL_BYTES}
_END_BYTES = 22
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@dataclass(frozen=True, slots=True)
class SignedModel:
    """A model, and the proof of its origin.

    Attributes:
        model: A model file of Vowpal Wabbit; empty for no model.
        certificate: X.509, DER.
    """

    model: bytes
    certificate: bytes
    signature: bytes

    def pack(self) -> bytes:
        """The archive; the same content gives the same bytes."""
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, data in ((_MODEL, self.model), (_CERTIFICATE, self.certificate), (_SIGNATURE, self.signature)):
                archive.writestr(zipfile.ZipInfo(name, _ALWAYS_THE_SAME), data, zipfile.ZIP_DEFLATED, 6)
        return buffer.getvalue()


def unpack(body: bytes) -> SignedModel:
    """Read an archive; the sizes that it declares are checked before a byte is unpacked.

    Raises:
        InvalidModelImportFormat: The body is no such archive.
        InvalidModelImportSignature: The model in it is not signed.
        TooLarge: The model in it has too many bytes.
    """
    _check_directory(body)
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            entries = {entry.filename: entry for entry in archive.infolist()}
            _check_entries(entries, len(archive.infolist()))
            return SignedModel(*(_read(archive, entries[name]) for name in _LIMITS))
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, RuntimeError, OSError, OverflowError) as problem:
        raise InvalidModelImportFormat("The archive is damaged.") from problem


def _check_directory(body: bytes) -> None:
    """Check that the archive's list of entries is short, before the list is read."""
    end = body[-_END_BYTES:]
    if end[:4] != b"PK\5\6" or end[-2:] != b"\0\0":
        raise InvalidModelImportFormat("The body is no ZIP archive.")
    if int.from_bytes(end[12:16], "little") > _SMALL_BYTES or b"PK\6\7" in body[-_END_BYTES - 20 : -_END_BYTES]:
        raise InvalidModelImportFormat("The archive has too many entries.")


def _check_entries(entries: dict[str, zipfile.ZipInfo], number: int) -> None:
    if _MODEL not in entries or number != len(entries):
        raise InvalidModelImportFormat(f"The archive must have one entry {_MODEL}.")
    if any(entry.compress_type not in _METHODS or entry.flag_bits & 1 for entry in entries.values()):
        raise InvalidModelImportFormat("The archive must be plain or deflated, and not encrypted.")
    for name, limit_bytes in _LIMITS.items():
        if name not in entries:
            raise InvalidModelImportSignature(f"The model is not signed: the archive has no {name}.")
        if entries[name].file_size > limit_bytes:
            raise TooLarge(f"{name} in the archive", limit_bytes)


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """Unpack an entry: no byte more than the size that was checked, whatever its packed data hold."""
    with archive.open(entry) as opened:
        data = opened.read(entry.file_size)
        if len(data) != entry.file_size:
            raise InvalidModelImportFormat("The archive is damaged.")
        return data
