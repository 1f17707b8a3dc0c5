"""The files of an old log in a customer's container."""

import gzip
from collections.abc import Callable, Iterator
from pathlib import Path

from shared.imports.files.unusable_log import UnusableLog
from shared.log import customer_container
from shared.log.customer_container import ContainerFailed

FIELD = "container"
"""What callers call the address of the container."""
MOST_FILES = 10_000
MOST_BYTES = 256 * 1024 * 1024
"""Of the files on the disk of an instance, which has little of it; what is not compressed is compressed there."""
_COMPRESSED = (b"\x1f\x8b", b"PAR1")
_QUICK = 1


def list_files(sas_uri: str, prefix: str, most: int = MOST_FILES) -> list[str]:
    """List the names of files that begin with a prefix, in their order; empty files are left out.

    Raises:
        ContainerFailed: The container cannot be listed.
        UnusableLog: There are more than `most`.
    """
    names = list[str]()
    with customer_container.plain_errors(FIELD):
        for blob in customer_container.connect(sas_uri, FIELD).list_blobs(name_starts_with=prefix or None):
            if blob.size:
                names.append(blob.name)
            if len(names) > most:
                raise UnusableLog(
                    f"The container has more than {most} files whose names begin with {prefix!r}.",
                    "Import a part of them by a longer prefix.",
                )
    return names


def has_files(sas_uri: str, prefix: str) -> bool:
    """Whether there is a file with something in it.

    Raises:
        ContainerFailed: The container cannot be listed.
    """
    with customer_container.plain_errors(FIELD):
        listed = customer_container.connect(sas_uri, FIELD).list_blobs(name_starts_with=prefix or None)
        return any(blob.size for blob in listed)


def has_file(sas_uri: str, name: str) -> bool:
    """Whether there is a file of that whole name with something in it.

    Raises:
        ContainerFailed: The container cannot be listed.
    """
    with customer_container.plain_errors(FIELD):
        listed = customer_container.connect(sas_uri, FIELD).list_blobs(name_starts_with=name)
        first = next(iter(listed), None)
    return first is not None and first.name == name and first.size > 0


class Download:
    """The download of files to a folder, which may take so much disk and no more."""

    def __init__(self, sas_uri: str, folder: Path, check: Callable[[], object]) -> None:
        """Take from where to where.

        Args:
            check: Is called with each chunk; what it raises ends the download.
        """
        self._sas_uri = sas_uri
        self._folder = folder
        self._check = check
        self._files = self._used = 0

    def fetch(self, name: str) -> Path:
        """Download a file; gives its path in the folder, by which no name of a file can lead elsewhere.

        Raises:
            ContainerFailed: The file cannot be read.
            UnusableLog: There are too many bytes, or the disk is full.
        """
        path = self._folder / str(self._files)
        self._files += 1
        try:
            self._write(path, self._chunks(name))
        except ContainerFailed as problem:
            raise ContainerFailed(f"{name} cannot be read: {problem}") from None
        except OSError as problem:
            raise UnusableLog(
                f"{name} cannot be written to the disk of the instance: {problem.strerror or problem}.", _LESS
            ) from problem
        self._used += path.stat().st_size
        if self._used > MOST_BYTES:
            raise UnusableLog(f"The files are more than {MOST_BYTES >> 20} MiB, compressed.", _LESS)
        return path

    def _write(self, path: Path, chunks: Iterator[bytes]) -> None:
        first = next(chunks, b"")
        is_compressed = first.startswith(_COMPRESSED)
        with path.open("wb") if is_compressed else gzip.open(path, "wb", compresslevel=_QUICK) as file:
            file.write(first)
            for chunk in chunks:
                self._check()
                file.write(chunk)
                if self._used + path.stat().st_size > MOST_BYTES:
                    return

    def _chunks(self, name: str) -> Iterator[bytes]:
        with customer_container.plain_errors(FIELD):
            chunks = iter(customer_container.connect(self._sas_uri, FIELD).download_blob(name).chunks())
        while True:
            with customer_container.plain_errors(FIELD):
                chunk = next(chunks, None)
            if chunk is None:
                return
            yield chunk


_LESS = "Import a part of them by a longer prefix, or all of them by the command learn --to on a machine of yours."
