"""`up`: the host and its data, until Ctrl-C, SIGTERM, or the end of the host."""

import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, Self
from urllib.parse import urlsplit

from localhost.azurite.processes import ProcessId, Record
from localhost.certificate import HOSTS, Certificate, keep_certificate
from localhost.data_folder import choose_key, keep_key, make_private, storage_folder
from localhost.environment import STORAGE, choose_settings, stores_in_data_folder
from localhost.failures import CommandFailure, StartFailure
from localhost.host.host_process import HostProcess
from localhost.host.log_lines import LogStyle
from localhost.interruption import Interrupted
from localhost.locks import FolderLock
from localhost.page import page_in_browser, page_link
from localhost.ports import bind, is_open, url_from_here
from localhost.report.welcome import Welcome
from localhost.setup.places import PLACES
from shared.settings import InvalidSetting, read
from shared.storage.embedded.storage import check_headers
from shared.storage.this_storage import open_storage
from shared.storage_errors import StorageUnavailable

_ELSEWHERE = "in the storage account of your settings"
_END = f"""\

`{PLACES.program} up --welcome` prints this again. Times in log lines are UTC.
Ctrl-C ends it.
"""
_LEFT_BEHIND_SECONDS = 15.0
_LOCK_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Up:
    """How to serve.

    Attributes:
        port: 0 takes a free one.
        host: The address to listen at.
        data: The folder that keeps data and key.
        key: The API key that the command line gives; empty leaves the choice to the settings, then to the folder.
        log: How log lines are written.
        opens: Whether the page is opened in a browser.
        https: Whether it is served over https, by a certificate that the folder keeps.
        workers: How many processes answer calls.
        elsewhere: Whether data are kept in the storage of the settings, and not in the folder.
    """

    port: int
    host: str
    data: Path
    key: str
    log: LogStyle
    opens: bool
    https: bool = False
    elsewhere: bool = False
    workers: int = 1


def up(command: Up) -> int:
    """Serve until a signal comes, and give the exit code; raises `StartFailure` if it cannot start."""
    _check_place(command)
    if closed := make_private(command.data):
        print(closed, flush=True)
    record, page = command.data / "host.json", command.data / "page.html"
    with _Signals() as signals, ExitStack() as running:
        running.enter_context(serving_alone(command.data))
        page.unlink(missing_ok=True)  # of one that was killed: it holds a key, which may be kept nowhere else
        _end_left_behind(record)
        settings = choose_settings(PLACES.work)
        settings["API_KEY_1"] = command.key or choose_key(command.data, settings) or keep_key(command.data)
        is_own = stores_in_data_folder(settings) and not command.elsewhere
        if is_own:
            settings[STORAGE] = str(storage_folder(command.data))
        _check(settings)
        host = _describe_host(command, settings, _certificate(command))
        host.start()
        running.callback(host.stop)
        signals.interrupt = False
        _write(record, host)
        welcome = Welcome(host.url, str(command.data) if is_own else _ELSEWHERE, is_open(command.host))
        welcome.write(command.data)
        running.callback(Welcome.remove, command.data)
        text = welcome.text(settings["API_KEY_1"], command.data)
        if command.opens:
            link = page_link(host.url, settings["API_KEY_1"])
            text += f"\n{running.enter_context(page_in_browser(link, page))}\n"
        print(f"{text}{_END}", flush=True)
        return _watch(host, signals.ended)


class _Signals:
    """Ctrl-C and SIGTERM: the first one ends what is going on, later ones change nothing, since all is ending then.

    Attributes:
        ended: Set by the first signal.
        interrupt: Whether it also interrupts the code that runs, as it must while that waits for the start.
    """

    def __init__(self) -> None:
        self.ended = threading.Event()
        self.interrupt = True
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        numbers = [signal.SIGINT, signal.SIGTERM] + ([signal.SIGHUP] if sys.platform != "win32" else [])
        self._before = {number: signal.signal(number, self._handle) for number in numbers}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        self.ended.set()
        if self.interrupt:
            self.interrupt = False
            raise Interrupted


def _check(settings: Mapping[str, str]) -> None:
    """Refuse settings that the app would refuse, and data that cannot be used, before anything is started."""
    try:
        storage = read(settings).storage
        if storage.folder:
            check_headers(Path(storage.folder))
        open_storage(storage).close()
    except InvalidSetting as error:
        raise StartFailure(
            f"{error}.", f"Correct {error.name} in the environment or in local.settings.json."
        ) from error
    except StorageUnavailable as error:
        raise StartFailure(
            f"The data in {settings[STORAGE]} cannot be used: {error}.",
            "Mend what it names, bring the folder back from a backup, or choose another one by --data.",
        ) from error


@contextmanager
def serving_alone(data: Path) -> Iterator[None]:
    """Be the only one that serves the data of a folder, for a `with` block.

    Raises:
        StartFailure: Another process serves them.
    """
    try:
        place = f", at {Welcome.read(data).url}"
    except CommandFailure:
        place = ""
    refusal = StartFailure(
        f"Another `{PLACES.program} up` serves the data in {data}{place}.",
        "Use that one, end it with Ctrl-C, or choose another folder by --data.",
    )
    lock = FolderLock(data / "up.lock")
    lock.take(_LOCK_SECONDS, refusal)
    try:
        yield
    finally:
        lock.let_go()


def _end_left_behind(path: Path) -> None:
    """End a host whose `up` was killed: it ends by itself, but may still need its last seconds."""
    record = Record.read(path)
    if record and not record.owner.runs() and not record.child.wait(_LEFT_BEHIND_SECONDS):
        record.child.send(getattr(signal, "SIGKILL", signal.SIGTERM))
        record.child.wait(_LEFT_BEHIND_SECONDS)


def _check_place(command: Up) -> None:
    """Refuse a place that cannot be listened at, and one that no certificate of `up` is for."""
    with bind(command.port, command.host) as listening:
        host = urlsplit(url_from_here(listening)).hostname
    if command.https and host not in HOSTS:
        raise StartFailure(
            f"The certificate of --https is for {', '.join(HOSTS)}, not for {host}.",
            "Leave out --host; or give 0.0.0.0, by which other machines reach it too.",
        )


def _certificate(command: Up) -> Certificate | None:
    if not command.https:
        return None
    certificate, news = keep_certificate(command.data, datetime.now(UTC))
    if news:
        print(news, flush=True)
    return certificate


def _describe_host(command: Up, settings: Mapping[str, str], certificate: Certificate | None) -> HostProcess:
    return HostProcess(
        env=settings,
        port=command.port,
        host=command.host,
        shown=command.log,
        inherit=False,
        offers_demo=command.workers == 1,  # else the page's calls about it could reach different processes
        background_apart=True,
        workers=command.workers,
        certificate=certificate,
    )


def _write(path: Path, host: HostProcess) -> None:
    Record(ProcessId.of(host.pid), ProcessId.of(os.getpid())).write(path)


def _watch(host: HostProcess, stop: threading.Event) -> int:
    while not stop.wait(0.2):
        if (code := host.exit_code()) is not None:
            print(f"\nThe host ended with code {code}; what it said is above. Run `up` again.", file=sys.stderr)
            return 1
    print("\nStopping ...", flush=True)
    return 0
