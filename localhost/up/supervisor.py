"""`up`: storage and host together, until Ctrl-C, SIGTERM, or the end of either."""

import os
import signal
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, Self
from urllib.parse import urlsplit

from localhost.azurite.emulator import Azurite
from localhost.azurite.processes import ProcessId, Record
from localhost.certificate import HOSTS, Certificate, keep_certificate
from localhost.data_folder import azurite_folder, choose_key, keep_key, make_private
from localhost.environment import STORAGE, choose_settings, needs_emulator
from localhost.failures import StartFailure
from localhost.host.host_process import HostProcess
from localhost.host.log_lines import LogStyle
from localhost.interruption import Interrupted
from localhost.page import page_in_browser, page_link
from localhost.ports import bind, is_open, url_from_here
from localhost.report.welcome import Welcome
from localhost.setup.places import PLACES
from shared.settings import InvalidSetting, read
from shared.storage.account import account

_ELSEWHERE = "in the storage account of your settings"
_END = f"""\

`{PLACES.program} up --welcome` prints this again. Times in log lines are UTC.
Ctrl-C ends it.
"""
_LEFT_BEHIND_SECONDS = 15.0


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
    """

    port: int
    host: str
    data: Path
    key: str
    log: LogStyle
    opens: bool
    https: bool = False


def up(command: Up) -> int:
    """Serve until a signal comes, and give the exit code; raises `StartFailure` if it cannot start."""
    record, page = command.data / "host.json", command.data / "page.html"
    page.unlink(missing_ok=True)  # of one that was killed: it holds a key, which may be kept nowhere else
    _end_left_behind(record)
    _check_place(command)
    if closed := make_private(command.data):
        print(closed, flush=True)
    settings = choose_settings(PLACES.work)
    settings["API_KEY_1"] = command.key or choose_key(command.data, settings) or keep_key(command.data)
    own = Azurite(azurite_folder(command.data)) if needs_emulator(settings) else None
    _check({**settings, STORAGE: own.account.connection_string} if own else settings)
    with _Signals() as signals, ExitStack() as running:
        if own:
            running.enter_context(own)
            settings[STORAGE] = own.account.connection_string
        host = _describe_host(command, settings, _certificate(command))
        host.start()
        running.callback(host.stop)
        signals.interrupt = False
        _write(record, host)
        welcome = Welcome(host.url, str(command.data) if own else _ELSEWHERE, is_open(command.host))
        welcome.write(command.data)
        running.callback(Welcome.remove, command.data)
        text = welcome.text(settings["API_KEY_1"], command.data)
        if command.opens:
            link = page_link(host.url, settings["API_KEY_1"])
            text += f"\n{running.enter_context(page_in_browser(link, page))}\n"
        print(f"{text}{_END}", flush=True)
        return _watch(host, own, signals.ended)


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
    """Refuse settings that the app would refuse, before anything is started."""
    try:
        account(read(settings).storage)
    except InvalidSetting as error:
        raise StartFailure(
            f"{error}.", f"Correct {error.name} in the environment or in local.settings.json."
        ) from error


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
        offers_demo=True,
        background_apart=True,
        certificate=certificate,
    )


def _write(path: Path, host: HostProcess) -> None:
    Record(ProcessId.of(host.pid), ProcessId.of(os.getpid())).write(path)


def _watch(host: HostProcess, own: Azurite | None, stop: threading.Event) -> int:
    while not stop.wait(0.2):
        if (code := host.exit_code()) is not None:
            print(f"\nThe host ended with code {code}; what it said is above. Run `up` again.", file=sys.stderr)
            return 1
        if own and own.has_ended():
            print("\nAzurite ended by itself. Run `up` again.", file=sys.stderr)
            return 1
    print("\nStopping ...", flush=True)
    return 0
