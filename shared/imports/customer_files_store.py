"""The files of an old log in a customer's container, and the copy of them that an import reads.

The copy is made in steps of some seconds, each by whichever worker takes its message, so that a slow container holds no
worker for long. Files are copied one behind the other, as if they were one; each step leaves a blob with its stretch of
them, gzip.
"""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from shared.evaluation.evaluation import Evaluation, ImportSource
from shared.evaluation.evaluation_store import run_folder
from shared.imports.columns import file_of_actions
from shared.imports.files.unusable_log import UnusableLog
from shared.log.customer_container import CustomerContainer, ListedFile
from shared.storage.blob_file import BlobFile
from shared.storage.this_storage import blobs

MOST_FILES = 10_000
MOST_BYTES = 256 * 1024 * 1024
"""Of the copy, compressed, and of the files on the disk of an instance, which has little of it."""
_FIELD = "container"
_STEP_SECONDS = 8.0
_CHECK_SECONDS = 10.0
_CHECK_PATIENCE_SECONDS = 1.0
_COMPRESSED = (b"\x1f\x8b", b"PAR1")
_CHUNK_BYTES = 256 * 1024
_DIGITS = 16
_QUICK = 1
_LESS = "Import a part of them by a longer prefix, or all of them by the command learn --to on a machine of yours."


class MissingFile(NamedTuple):
    """Which of the files that an import names is not there."""

    is_of_actions: bool


def find_missing(source: ImportSource) -> MissingFile | None:
    """See whether there are files to read.

    Raises:
        ContainerFailed: The container cannot be listed.
        ExchangesBusy: As many exchanges go on as may be.
    """
    actions = file_of_actions(source.columns)
    with CustomerContainer(source.container, _FIELD, lambda: None, _CHECK_PATIENCE_SECONDS) as container:
        if not container.list_files(source.prefix, 1, _CHECK_SECONDS):
            return MissingFile(is_of_actions=False)
        if actions and _find(container, actions) is None:
            return MissingFile(is_of_actions=True)
    return None


def _find(container: CustomerContainer, name: str) -> ListedFile | None:
    listed = container.list_files(name, 1, _CHECK_SECONDS)
    return listed[0] if listed and listed[0].name == name else None


class CopiedFiles:
    """The copy of an import's files, as far as it is made.

    Attributes:
        folder: Where the copy lies.
        files: In the order in which the copy has them; the table of actions, if there is one, comes last.
        position: How many bytes of them are copied.
    """

    def __init__(self, imported: Evaluation, source: ImportSource) -> None:
        """Take an import; `read` comes next."""
        self.folder = f"{run_folder(imported)}files/"
        self.files: list[ListedFile] = []
        self.position = 0
        self._source = source
        self._steps: list[str] = []
        self._size_bytes = 0

    @property
    def is_complete(self) -> bool:
        """Whether all is copied."""
        return bool(self.files) and self.position >= sum(file.size_bytes for file in self.files)

    @property
    def names(self) -> tuple[tuple[str, ...], str]:
        """The names of the files with events; and of the table of actions, empty if there is none."""
        names, actions = tuple(file.name for file in self.files), file_of_actions(self._source.columns)
        return (names[:-1], actions) if actions else (names, "")

    def go_on(self, check: Callable[[], object]) -> None:
        """Copy more, for some seconds.

        Args:
            check: Is called every second; what it raises ends the copy.

        Raises:
            ContainerFailed: A file cannot be read, or the container not be listed; the text says which, and why.
            ExchangesBusy: As many exchanges go on as may be.
            UnusableLog: There is no file, or there are too many, or too many bytes.
        """
        self.read()
        with (
            CustomerContainer(self._source.container, _FIELD, check) as container,
            TemporaryDirectory(prefix="rankloop-") as folder,
        ):
            if not self.files:
                blobs().create(f"{self.folder}list", json.dumps(self._list(container)).encode())
                self.read()
            step, most = Path(folder) / "step", MOST_BYTES - self._size_bytes
            reached = container.read_files(self.files, self.position, step, most, _STEP_SECONDS)
            if step.stat().st_size > most:
                raise UnusableLog(f"The files are more than {MOST_BYTES >> 20} MiB, compressed.", _LESS)
            blobs().upload_file(f"{self.folder}{self.position:0{_DIGITS}}-{reached:0{_DIGITS}}", step)

    def write(self, folder: Path, check: Callable[[], object]) -> None:
        """Write the files into a folder, each under its place, by which no name of a file can lead elsewhere.

        Raises:
            UnusableLog: The disk is full, or the files take too much of it.
        """
        used, text = 0, _Bytes(self._chunks(check))
        for place, file in enumerate(self.files):
            path = folder / str(place)
            try:
                _write(path, text, file.size_bytes)
            except OSError as problem:
                raise UnusableLog(
                    f"{file.name} cannot be written to the disk of the instance: {problem.strerror or problem}.", _LESS
                ) from problem
            used += path.stat().st_size
            if used > MOST_BYTES:
                raise UnusableLog(f"The files are more than {MOST_BYTES >> 20} MiB, compressed.", _LESS)

    def read(self) -> None:
        """Read what is copied: a chain of steps, each of which begins where another one ends."""
        stored = blobs().read(f"{self.folder}list") if not self.files else None
        if stored is not None:
            self.files = [ListedFile(*file) for file in json.loads(stored.data)]
        steps = {}
        for blob in blobs().list_blobs(self.folder):
            begin, dash, end = blob.path.rpartition("/")[2].partition("-")
            if dash:  # of two steps that begin alike the longer one comes later
                steps[int(begin)] = int(end), blob
        self.position, self._size_bytes, self._steps = 0, 0, []
        while (step := steps.get(self.position)) is not None and step[0] > self.position:
            self.position = step[0]
            self._steps.append(step[1].path)
            self._size_bytes += step[1].size_bytes

    def _list(self, container: CustomerContainer) -> list[ListedFile]:
        prefix, actions = self._source.prefix, file_of_actions(self._source.columns)
        listed = container.list_files(prefix, MOST_FILES + 1)
        if len(listed) > MOST_FILES:
            raise UnusableLog(
                f"The container has more than {MOST_FILES} files whose names begin with {prefix!r}.",
                "Import a part of them by a longer prefix.",
            )
        files = [file for file in listed if file.name != actions]
        if not files:
            raise UnusableLog(f"The container has no file whose name begins with {prefix!r}.", "Correct the prefix.")
        if not actions:
            return files
        if (of_actions := _find(container, actions)) is None:
            raise UnusableLog(f"The container has no file {actions!r}.", "Correct columns.actionFeatures.file.")
        return [*files, of_actions]

    def _chunks(self, check: Callable[[], object]) -> Iterator[bytes]:
        for path in self._steps:
            opened = BlobFile.open(path)
            if opened is None:
                return
            with gzip.open(opened) as text:
                while chunk := text.read(_CHUNK_BYTES):
                    check()
                    yield chunk


class _Bytes:
    """Bytes that come in chunks, taken in portions."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._left = chunks, b""

    def take(self, most: int) -> bytes:
        """The next bytes, at most so many; none at the end."""
        self._left = self._left or next(self._chunks, b"")
        portion, self._left = self._left[:most], self._left[most:]
        return portion


def _write(path: Path, source: _Bytes, size_bytes: int) -> None:
    """Write the next bytes to a file, compressed unless they are."""
    first = source.take(min(size_bytes, _CHUNK_BYTES))
    is_compressed = first.startswith(_COMPRESSED)
    with path.open("wb") if is_compressed else gzip.open(path, "wb", compresslevel=_QUICK) as file:
        while first:
            file.write(first)
            size_bytes -= len(first)
            first = source.take(size_bytes) if size_bytes else b""
