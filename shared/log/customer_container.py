"""Containers of a customer's own account, reached with a SAS, which is a secret.

The address of a container is a caller's. So it is checked again whenever it is used, and all exchanges with it are made
by a process of their own (`customer_process`), which is killed at a deadline or when nobody wants its answer any more.
"""

import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from contextvars import copy_context
from pathlib import Path
from threading import Event, Thread
from typing import IO, Any, Final, NamedTuple, Self
from urllib.parse import urlsplit

from shared import child_process
from shared.configuration import container_sas
from shared.errors import LoopError
from shared.log.exchange_slots_store import ExchangeSlot
from shared.settings import child_environment
from shared.storage.paths import split_path
from shared.storage.this_storage import this_storage

LEAST_RATE: Final = (64 * 1024, 30.0)
"""Bytes a second, over so many seconds; an exchange that does not end before must have that rate."""
_LIST_SECONDS: Final = 30.0
_WRITE_SECONDS: Final = 150.0
_SPARE_SECONDS: Final = 5.0
_WATCH_SECONDS: Final = 0.25
_CHECK_SECONDS: Final = 1.0


class ContainerFailed(LoopError):
    """A container could not be used; the text names its address and the reason, and never quotes the SAS."""


class ListedFile(NamedTuple):
    """A file of a container, as its listing has it."""

    name: str
    size_bytes: int
    etag: str


class CustomerContainer:
    """A container, and the process by which it is reached; the first exchange starts the process.

    It belongs to one thread.
    """

    def __init__(self, sas_uri: str, field: str, check: Callable[[], object], patience_seconds: float = 0) -> None:
        """Take an address.

        Args:
            field: What callers call the address.
            check: Is called every second while an exchange goes on; what it raises ends the exchange.
            patience_seconds: How long to wait for a slot.
        """
        self._sas_uri = sas_uri
        self._field = field
        self._check = check
        self._process: subprocess.Popen[str] | None = None
        self._slot = ExchangeSlot(patience_seconds, check)
        self._folder = Path()
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        """Take a slot.

        Raises:
            ContainerFailed: The address is none that may be reached.
            ExchangesBusy: No slot was free in time.
        """
        if (problem := container_sas.host_problem(self._sas_uri)) is not None:
            raise ContainerFailed(f"{self._field} is not taken: {problem.rstrip('.')}")
        if container_sas.is_on_this_machine(self._sas_uri) and not this_storage().is_local:
            raise self._failure("is an address that is not public")
        self._closing.enter_context(self._slot)
        self._folder = Path(self._closing.enter_context(tempfile.TemporaryDirectory(prefix="rankloop-")))
        self._closing.callback(self._end)
        return self

    def __exit__(self, *_: object) -> None:
        """End the process, and give the slot back."""
        self._closing.close()

    def list_files(self, prefix: str, most: int, seconds: float = _LIST_SECONDS) -> list[ListedFile]:
        """List the first files whose names begin with a prefix, in their order; empty files are left out.

        Args:
            seconds: How long it may take.

        Raises:
            ContainerFailed: The container cannot be listed.
        """
        return [ListedFile(*file) for file in self._ask("list", seconds, prefix=prefix, most=most)]

    def read_files(self, files: list[ListedFile], position: int, to: Path, most: int, seconds: float) -> int:
        """Read files, one behind the other, from a position on, for some seconds; gives the position that was reached.

        Args:
            position: Counted from the beginning of the first file, in bytes.
            to: A file that takes what was read, gzip.
            most: So many bytes that file may have.

        Raises:
            ContainerFailed: A file cannot be read; the text names it.
        """
        place = {"files": files, "position": position, "to": str(to), "most": most, "seconds": seconds}
        return int(self._ask("read", seconds + LEAST_RATE[1] + _SPARE_SECONDS, **place))

    def copy(self, path: str, read: Callable[[], bytes | None]) -> None:
        """Copy a blob of the loop under the name that it has in its own container; an earlier copy is overwritten.

        A write that was sent long ago must not overwrite what another writer has copied since. So a first copy is made
        only where there is none. Over an earlier copy goes what is read after that was found, if no copy was written
        since. The SAS may allow to write only, so conditions are those that need no ETag of the copy.

        Args:
            read: Reads the blob; where it gives None, nothing is copied.

        Raises:
            ContainerFailed: The container cannot be written to, or another writer came between.
        """
        name, data = split_path(path)[1], read()
        if data is None:
            return
        answer = self._write(name, data, {"If-None-Match": "*"})
        if (answer["status"], answer["code"]) != ("409", "BlobAlreadyExists"):
            self._demand(answer)
        elif (data := read()) is not None:
            self._demand(self._write(name, data, {"If-Unmodified-Since": answer["date"]}))

    def replace(self, path: str, data: bytes | IO[bytes]) -> bool:
        """Overwrite the copy of a blob; False if there is no copy.

        Raises:
            ContainerFailed: The container cannot be written to.
        """
        answer = self._write(split_path(path)[1], data, {"If-Match": "*"})
        if answer["code"] in ("ConditionNotMet", "BlobNotFound"):
            return False
        self._demand(answer)
        return True

    def _write(self, name: str, data: bytes | IO[bytes], conditions: Mapping[str, str]) -> dict[str, str]:
        source = self._folder / "blob"
        if isinstance(data, bytes):
            source.write_bytes(data)
        else:
            with source.open("wb") as file:
                shutil.copyfileobj(data, file)
        answer = self._ask("write", _WRITE_SECONDS, name=name, source=str(source), conditions=conditions)
        return dict(answer)

    def _demand(self, answer: Mapping[str, str]) -> None:
        if answer["status"] != "201":
            raise self._failure(f"answered {answer['status']}{f' ({answer["code"]})' if answer['code'] else ''}")

    def _ask(self, order: str, seconds: float, /, **arguments: Any) -> Any:
        """Have the process carry out an order; gives what came of it.

        Raises:
            ContainerFailed: It failed, or took too long.
        """
        process = self._process = self._process or self._start()
        with _Watch(process, seconds, self._check) as watch:
            text = _exchange(process, {"do": order, "with": arguments})
        if watch.ended_by is not None:
            raise watch.ended_by
        if watch.is_late:
            raise self._failure(f"did not do in {seconds:g} s what was asked of it")
        answer = json.loads(text) if text.endswith("\n") else {"failed": "was more than its process could bear"}
        if "failed" in answer:
            failure = self._failure(answer["failed"])
            file = answer.get("file")
            raise ContainerFailed(f"{file} cannot be read: {failure}") if file else failure
        return answer["done"]

    def _failure(self, reason: str) -> ContainerFailed:
        self._end()
        parts = urlsplit(self._sas_uri)
        return ContainerFailed(f"{parts.scheme}://{parts.netloc}{parts.path} {reason}")

    def _start(self) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            child_process.command("shared.log.customer_process"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=child_environment(),
        )
        _send(process, {"address": self._sas_uri, "is_local": this_storage().is_local, "least_rate": LEAST_RATE})
        return process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            with suppress(OSError):  # what was not written to it
                process.communicate()


class _Watch:
    """Kills a process at a deadline, or when a check raises, while a `with` block waits for the process.

    Attributes:
        is_late: Whether the deadline passed.
        ended_by: What the check raised.
    """

    def __init__(self, process: "subprocess.Popen[str]", seconds: float, check: Callable[[], object]) -> None:
        self.is_late = False
        self.ended_by: Exception | None = None
        self._process, self._check = process, check
        self._until = time.monotonic() + seconds
        self._over = Event()
        self._thread = Thread(target=copy_context().run, args=(self._watch,), name="customer-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        checked = time.monotonic()
        while not self._over.wait(_WATCH_SECONDS):
            now = time.monotonic()
            self.is_late = now > self._until
            if now - checked >= _CHECK_SECONDS:
                checked = now
                try:
                    self._check()
                except Exception as reason:
                    self.ended_by = reason
            if self.is_late or self.ended_by:
                self._process.kill()
                return


def _exchange(process: "subprocess.Popen[str]", order: Mapping[str, Any]) -> str:
    """Give a process an order; gives its answer, which does not end with a line break if the process ended before."""
    _send(process, order)
    return process.stdout.readline() if process.stdout else ""


def _send(process: "subprocess.Popen[str]", fields: Mapping[str, Any]) -> None:
    if process.stdin is not None:
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(fields) + "\n")
            process.stdin.flush()
