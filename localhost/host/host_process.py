"""The host as a child process: for `up`, the demo, tests and benchmarks.

with HostProcess("/a/folder", env={"API_KEY_1": "key"}) as host:
    urllib.request.urlopen(host.url + "/ready")
"""

import http.client
import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from localhost.certificate import Certificate
from localhost.child_process import ChildProcess, ask_to_end
from localhost.environment import ALLOCATOR, LOCAL_DEFAULTS, ROOT, STORAGE, clean_environment
from localhost.failures import StartFailure
from localhost.host.function_keys import HEADER, MASTER_KEY
from localhost.host.log_lines import LogStyle
from localhost.ports import THIS_MACHINE
from localhost.private_files import UMASK, open_file

_STOP_SECONDS = 15.0
_PAUSE = 0.02


class HostProcess(ChildProcess):
    """A host that serves one app on a port of its own; it can be killed and started again on the same port.

    Attributes:
        url: Where it serves, without a slash at its end; set by `start`.
        log_file: Where its logs go; None if they go to this process's standard error.
    """

    name = "host"

    def __init__(
        self,
        storage: str | None = None,
        *,
        env: Mapping[str, str] | None = None,
        root: Path = ROOT,
        port: int = 0,
        host: str = THIS_MACHINE,
        log_file: Path | None = None,
        shown: LogStyle | None = None,
        inherit: bool = True,
        ready_path: str = "/ready",
        python: Path = Path(sys.executable),
        home: Path = ROOT,
        offers_demo: bool = False,
        background_apart: bool = False,
        certificate: Certificate | None = None,
        workers: int = 1,
    ) -> None:
        """Describe the host; nothing runs before `start`.

        Args:
            storage: The value of `AzureWebJobsStorage`: a folder, or a connection string.
            env: Settings; they win over the local defaults. A host without a master key is given one.
            root: Folder of the app.
            port: 0 takes a free one.
            host: The address to listen at.
            log_file: Where its logs go; without one, and without `shown`, a temporary file.
            shown: Let its logs go to this process's standard error, in this style.
            inherit: Take this process's environment, less all settings of the product; else `env` is all there is.
            ready_path: What must answer 200 before the host counts as started.
            python: The interpreter, which has the host's own packages.
            home: The folder in which `localhost` lies.
            offers_demo: Let the page have a demo played.
            background_apart: Run timer and queue functions in a process of their own.
            certificate: By which to serve over https.
            workers: How many processes answer calls.
        """
        self.url = ""
        self.log_file = None if shown else log_file or _temporary_log(self)
        self._place = ["--root", str(root), "--host", host, *(["--log", shown] if shown else [])]
        self._place += ["--offer-demo"] if offers_demo else []
        self._place += ["--background-apart"] if background_apart else []
        self._place += ["--workers", str(workers)] if workers > 1 else []
        self._place += ["--https", str(certificate.folder)] if certificate else []
        self._certificate = certificate
        inherited = {**clean_environment(), **LOCAL_DEFAULTS} if inherit else {}
        self._settings = {**ALLOCATOR, **inherited, **({STORAGE: storage} if storage else {}), **(env or {})}
        self._settings[MASTER_KEY] = self._settings.get(MASTER_KEY) or secrets.token_hex(16)
        self._root, self._port = root, port
        self._ready_path = ready_path
        self._python = python
        self._home = home
        self._not_ready = ""

    def start(self, seconds: float = 30.0) -> None:
        """Start it and wait until it is ready; raises `StartFailure` with the end of its log if it is not in time."""
        if self.exit_code() is None:
            raise RuntimeError("this host runs already")
        self._await_end()
        until = time.monotonic() + seconds
        with tempfile.TemporaryDirectory(prefix="rankloop-") as folder:
            address = Path(folder) / "address"
            self._launch(address)
            try:
                self._wait(until, "take requests", address.exists)
                self.url = address.read_text(encoding="utf-8")
                self._port = int(self.url.rpartition(":")[2])
                self._wait(until, "become ready", self._is_ready)
            except BaseException:
                self.kill()
                raise

    def exit_code(self) -> int | None:
        """Give its exit code; None while it runs."""
        return 0 if self._process is None else self._process.poll()

    def stop(self) -> int:
        """End it in order, with all its children, and give its exit code."""
        if self._process is None:
            return 0
        ask_to_end(self._process)
        return self._await_end()

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._process:
            self._process.kill()
            self._await_end()

    def log(self) -> str:
        """Give all that it has logged so far to its file."""
        return self.log_file.read_text(encoding="utf-8", errors="replace") if self.log_file else ""

    def begin(self, function: str, text: str = "") -> int:
        """Have a timer or queue function run now, in the background; gives the number of its run."""
        answer = self._call("POST", f"/admin/functions/{function}", json.dumps({"input": text}))
        return int(answer["run"])

    def run(self, function: str, text: str = "", seconds: float = 60.0) -> None:
        """Have a timer or queue function run, after the run that goes on if there is one, and wait for its end.

        Whether the function succeeded is in the log, not here; raises `TimeoutError` if it does not end in time.
        """
        number, until = self.begin(function, text), time.monotonic() + seconds
        while self._call("GET", f"/admin/functions/{function}")["finished"] < number:
            if time.monotonic() > until:
                raise TimeoutError(f"{function} has not ended after {seconds:.0f} s")
            time.sleep(_PAUSE)

    def runs(self, function: str) -> tuple[int, int]:
        """How many runs of a timer or queue function were started, and how many have ended."""
        status = self._call("GET", f"/admin/functions/{function}")
        return int(status["started"]), int(status["finished"])

    def _launch(self, address: Path) -> None:
        place = [*self._place, "--port", str(self._port), "--address-file", str(address)]
        self._process = self._start_process([*place, "--end-with-input"])

    def _start_process(self, arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        """Start the process in a session of its own, with a pipe as its input.

        Args:
            arguments: For `python -m localhost serve`.
        """
        with open_log(self.log_file) as log:
            return subprocess.Popen(
                [str(self._python), "-m", "localhost", "serve", *arguments],
                cwd=self._home,
                env=self._settings,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                umask=UMASK,
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )

    def _wait(self, until: float, what: str, done: Callable[[], bool]) -> None:
        while not done():
            if (code := self.exit_code()) is not None:
                raise StartFailure(f"The host ended with code {code} instead of starting.{self._tail()}")
            if time.monotonic() > until:
                raise StartFailure(f"The host did not {what} in time. {self._not_ready}{self._tail()}")
            time.sleep(_PAUSE)

    def _tail(self) -> str:
        return "".join(f"\n{line}" for line in self.log().splitlines()[-15:])

    def _is_ready(self) -> bool:
        try:
            status, content = self._request("GET", self._ready_path, None)
        except (OSError, http.client.HTTPException) as error:
            self._not_ready = f"{self._ready_path} gave {type(error).__name__}."
            return False
        self._not_ready = f"{self._ready_path} answered {status}: {content[:500].decode(errors='replace')}"
        return status == 200

    def _call(self, method: str, path: str, body: str | None = None) -> Any:
        status, content = self._request(method, path, body)
        if status >= 300:
            raise LookupError(f"{method} {path} answered {status}")
        return json.loads(content)

    def _request(self, method: str, path: str, body: str | None) -> tuple[int, bytes]:
        connection = self._connection(urlsplit(self.url).hostname or "", 30)
        try:
            connection.request(method, path, body, {HEADER: self._settings[MASTER_KEY]})
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def _connection(self, host: str, seconds: float) -> http.client.HTTPConnection:
        if self._certificate is None:
            return http.client.HTTPConnection(host, self._port, timeout=seconds)
        context = self._certificate.client_context()
        return http.client.HTTPSConnection(host, self._port, timeout=seconds, context=context)

    def _await_end(self) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        try:
            process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
        if process.stdin:
            process.stdin.close()
        code = process.wait()
        _end_children(process.pid)
        return code


def _temporary_log(host: HostProcess) -> Path:
    """Make a file that goes when the host's object does."""
    handle, name = tempfile.mkstemp(prefix="rankloop-host-", suffix=".log")
    os.close(handle)
    weakref.finalize(host, Path(name).unlink, missing_ok=True)
    return Path(name)


def open_log(log_file: Path | None) -> IO[bytes]:
    """Open a host's log to append to it; without a file, the log is this process's standard error."""
    return open_file(log_file, "ab") if log_file else os.fdopen(os.dup(2), "wb")


def _end_children(pid: int) -> None:
    """End what a host has left of its own children: they share its session, so its id names their group."""
    if sys.platform != "win32":
        try:
            os.killpg(pid, signal.SIGKILL)
        except ProcessLookupError:
            return
