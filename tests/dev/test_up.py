"""`up`: serving with data in a folder, through restarts, kills and mistakes."""

import json
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from localhost.azurite.processes import start_of
from localhost.environment import LOCAL_DEFAULTS, ROOT, clean_environment
from shared.storage.embedded.storage import EmbeddedStorage
from shared.storage.interface import RowRange
from tests.dev.browsers import Browser
from tests.http.api import Api

RANK = {
    "eventId": "lunch",
    "actions": [{"id": "pasta", "features": [{"a": 1}]}, {"id": "salad", "features": [{"b": 1}]}],
}
# Set outright, so that a developer's own local.settings.json changes nothing.
OWN_SETTINGS = {
    "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    "TRAIN_SCHEDULE": "0 0 0 1 1 *",
    "API_KEY_1": "",
    "RANKLOOP_KEY": "",
    **{name: value for name, value in LOCAL_DEFAULTS.items() if name != "TRAIN_SCHEDULE"},
}


def processes(columns: str) -> list[str]:
    """The columns of `ps` for every process."""
    listed = subprocess.run(["ps", "-eo", columns], capture_output=True, text=True, check=True).stdout
    return listed.splitlines()


@dataclass(frozen=True, slots=True)
class RunningUp:
    """A running `up`, its folder, and the file that its output goes to."""

    data: Path
    process: subprocess.Popen[bytes]
    log_file: Path

    @property
    def output(self) -> str:
        """All that it has printed so far."""
        return self.log_file.read_text(encoding="utf-8")

    def read_until(self, text: str) -> str:
        """Wait until its output has the text, or for its end, and return all of it."""
        while text not in self.output and self.process.poll() is None:
            time.sleep(0.02)
        return self.output

    @property
    def api(self) -> Api:
        """Calls with the address and the key that it printed."""
        address, key = re.findall(r"serves at (\S+)\nAPI key +(\S+)", self.output)[0]
        return Api.at(address, key)

    def end(self, number: int = signal.SIGTERM) -> int:
        """Send a signal to the process alone, and return its exit code."""
        self.process.send_signal(number)
        return self.process.wait(30)

    def children(self) -> list[int]:
        """The processes it has started that still run."""
        lines = subprocess.run(["ps", "-eo", "pid=,ppid="], capture_output=True, text=True, check=True).stdout.split(
            "\n"
        )
        pairs = [tuple(map(int, line.split())) for line in lines if line]
        return [pid for pid, parent in pairs if parent == self.process.pid]


class Starter:
    """Starts `up` on one data folder."""

    def __init__(self, data: Path, umask: int = -1) -> None:
        self.data = data
        self.umask = umask
        self.started: list[RunningUp] = []

    def __call__(self, *arguments: str, **variables: str) -> RunningUp:
        command = [sys.executable, "-m", "localhost", "up", "--port", "0", "--data", str(self.data), *arguments]
        environment = {**clean_environment(), **OWN_SETTINGS, **variables}
        log_file = self.data.with_suffix(f".{len(self.started)}.log")
        with log_file.open("wb") as log:
            process = subprocess.Popen(
                command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT, umask=self.umask
            )
        self.started.append(RunningUp(self.data, process, log_file))
        self.started[-1].read_until("Ctrl-C ends it.")
        return self.started[-1]

    def end(self) -> None:
        """End what still runs of them."""
        for serving in self.started:
            if serving.process.poll() is None:
                serving.end()

    def rows(self) -> int:
        """How many rows the tables of the folder hold."""
        with EmbeddedStorage(self.data / "storage") as storage:
            return sum(
                len(storage.tables.read(name, RowRange("", "~"))) for name in storage.tables.list_names("A", "~")
            )


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    return Browser(tmp_path)


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Starter]:
    starter = Starter(tmp_path / "data")
    yield starter
    starter.end()


def wait_for_end(pids: list[int], seconds: float = 15) -> bool:
    """Wait until none of the processes runs any more."""
    until = time.monotonic() + seconds
    while any(start_of(pid) for pid in pids) and time.monotonic() < until:
        time.sleep(0.05)
    return not any(start_of(pid) for pid in pids)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_everything_and_what_was_ranked_is_kept(up: Starter, number: int) -> None:
    serving = up()
    children = serving.children()
    listed = [line.split(maxsplit=2) for line in processes("pid=,ppid=,args=")]
    background = [int(pid) for pid, parent, program in listed if int(parent) in children and " background " in program]
    status = serving.api.post("/personalizer/v1.0/rank", RANK).status
    code = serving.end(number)

    assert (status, code, len(children), len(background)) == (201, 0, 1, 1)
    assert not (up.data / "welcome.json").exists()
    assert wait_for_end([*children, *background], 0)
    assert up.rows() == 1


def test_after_a_kill_the_next_one_has_the_data_and_the_key(up: Starter) -> None:
    """A call that was answered is on the disk."""
    killed = up()
    children = killed.children()
    killed.api.post("/personalizer/v1.0/rank", RANK)
    killed.end(signal.SIGKILL)
    page = up.data / "page.html"
    page.write_text("what --open has left, with its key", encoding="utf-8")
    again = up("--port", str(killed.api.port))
    answer = again.api.post("/personalizer/v1.0/rank", {**RANK, "eventId": "dinner"})

    assert (again.api, answer.status) == (killed.api, 201)
    assert wait_for_end(children, 0)
    assert again.end() == 0
    assert (up.rows(), page.exists()) == (2, False)


def test_several_processes_answer_on_one_port_and_end_together(up: Starter) -> None:
    """A worker that dies is replaced, and the others answer meanwhile."""
    serving = up("--workers", "3")
    host, others, until = serving.children()[0], list[int](), time.monotonic() + 20
    while len(others) < 2 and time.monotonic() < until:
        listed = [line.split(maxsplit=2) for line in processes("pid=,ppid=,args=")]
        others = [int(pid) for pid, parent, program in listed if int(parent) == host and " serve " in program]
    answered = [serving.api.post("/personalizer/v1.0/rank", {**RANK, "eventId": f"event-{n}"}) for n in range(30)]
    os.kill(others[0], signal.SIGKILL)
    answered += [serving.api.post("/personalizer/v1.0/rank", {**RANK, "eventId": f"later-{n}"}) for n in range(30)]
    output = serving.read_until("it starts again in")
    code = serving.end()

    assert len(others) == 2
    assert {answer.status for answer in answered} == {201}
    assert "of those that answer ended with code -9: it starts again in 1 s" in output
    assert code == 0
    assert wait_for_end([host, *others], 0)
    assert up.rows() == 60


def test_the_key_is_for_its_owner_only_and_in_no_list_of_processes(up: Starter, browser: Browser) -> None:
    """Nor is it while the page opens: the browser is given a file."""
    serving = up("--open", BROWSER=str(browser.program))
    key = (up.data / "key").read_text(encoding="ascii").strip()
    opened = browser.wait()
    listed = [line for line in processes("args=") if key in line] if key else ["no key"]
    left = (up.data / "page.html").exists(), serving.end(), (up.data / "page.html").exists()

    assert key == serving.api.key
    assert stat.S_IMODE((up.data / "key").stat().st_mode) == 0o600
    assert listed == []
    assert opened.argument == (up.data / "page.html").as_uri()
    assert (opened.mode, f'url={serving.api.url}/rankloop#key={key}"' in opened.page) == ("600", True), opened
    assert left == (True, 0, False)


@pytest.fixture(scope="module")
def serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningUp]:
    """One as most users start it."""
    yield from _serve(Starter(tmp_path_factory.mktemp("serving")))


@pytest.fixture(scope="module")
def open_serving(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningUp]:
    """One for other machines, with a key of its own, and a log for programs."""
    yield from _serve(Starter(tmp_path_factory.mktemp("open")), "--host", "0.0.0.0", "--json", RANKLOOP_KEY="chosen")  # noqa: S104


def _serve(starter: Starter, *arguments: str, **variables: str) -> Iterator[RunningUp]:
    started = starter(*arguments, **variables)
    yield started
    started.end()


def report(data: Path, command: str, **variables: str) -> tuple[int, str]:
    """Read the loop that serves from a folder; gives the exit code and the output."""
    ended = subprocess.run(
        [sys.executable, "-m", "localhost.report", command, "--data", str(data)],
        cwd=ROOT,
        env={**clean_environment(), **OWN_SETTINGS, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return ended.returncode, ended.stdout


def test_what_it_says_at_first_can_be_read_again(serving: RunningUp, tmp_path: Path) -> None:
    """From another window, since requests have long moved it out of sight in its own; as long as it serves."""
    code, output = report(serving.data, "welcome")
    nothing = report(tmp_path, "welcome")
    (tmp_path / "welcome.json").write_text('{"url": "http', encoding="utf-8")
    cut_off = report(tmp_path, "status")

    assert (code, output.strip() in serving.output, serving.api.key in output) == (0, True, True), output
    assert f"\nPage                {serving.api.url}/rankloop#key={serving.api.key}\n" in output
    for refused in (nothing, cut_off):
        assert (refused[0], "No loop serves with the data in" in refused[1]) == (2, True), refused


def test_its_log_is_short_lines_for_people(serving: RunningUp) -> None:
    """One for each request and each warning, without queries, keys and bodies."""
    serving.api.get("/ready")
    serving.api.post("/personalizer/v1.0/rank?secret=1", {**RANK, "eventId": "a b"})
    serving.api.put("/personalizer/v1.0/configurations/service", {"defaultRewards": 1})
    output = serving.read_until("/configurations/service 200")
    lines = output.partition("Ctrl-C ends it.")[2].strip().splitlines()

    requests = [re.sub(r"\d+\.\d ms$", "… ms", line)[9:] for line in lines if line.endswith(" ms")]
    assert requests[-2:] == [
        "POST /personalizer/v1.0/rank 201 … ms",
        "PUT /personalizer/v1.0/configurations/service 200 … ms",
    ]
    assert [line[9:35] for line in lines if "WARNING" in line] == ["WARNING A change of the se"]
    assert [line for line in lines if not re.match(r"\d\d:\d\d:\d\d \S", line)] == []
    assert not any(
        hidden in line for line in lines for hidden in ("{", "/ready", "?", serving.api.key) if "WARN" not in line
    )


def test_its_log_can_be_json(open_serving: RunningUp) -> None:
    """For programs."""
    open_serving.api.post("/personalizer/v1.0/rank?secret=1", {**RANK, "eventId": "json"})
    output = open_serving.read_until('"path": "/personalizer/v1.0/rank"')
    lines = [json.loads(line) for line in output.splitlines() if line.startswith("{")]

    assert (lines[-1]["method"], lines[-1]["status"], lines[-1]["level"]) == ("POST", 201, "INFO")
    assert lines[-1].keys() == {"time", "level", "logger", "message", "method", "path", "status", "ms"}
    assert re.search(r"\n\d\d:\d\d:\d\d ", output) is None


def test_a_loop_that_was_given_its_key_is_read_with_that_key(open_serving: RunningUp) -> None:
    """The key is not kept, so it has to be given again."""
    data = open_serving.data
    without, wrong = report(data, "welcome"), report(data, "status", RANKLOOP_KEY="other")
    status = report(data, "status", RANKLOOP_KEY="chosen")
    texts = [path.read_text(encoding="utf-8") for path in data.iterdir() if path.is_file()]

    assert (without[0], "There is no key in" in without[1]) == (2, True), without
    assert (wrong[0], "does not take the key." in wrong[1]) == (2, True), wrong
    for _, output in (without, wrong):
        assert "Next step: Put the loop's key into the variable RANKLOOP_KEY." in output
    assert (status[0], status[1].splitlines()[0]) == (0, f"Rankloop at {open_serving.api.url}"), status
    assert "Learning     no. " in status[1]
    assert [text for text in texts if "chosen" in text] == []


def test_other_machines_reach_it_only_if_it_listens_to_them(serving: RunningUp, open_serving: RunningUp) -> None:
    """Another address of this machine stands for them; what the host itself offers wants a key of them too."""
    elsewhere = replace(open_serving.api, host="127.0.0.2")
    with pytest.raises(ConnectionRefusedError):
        replace(serving.api, host="127.0.0.2").get("/ready")

    assert "Open to" not in serving.output
    assert "Open to             other machines and containers" in open_serving.output
    assert (open_serving.api.host, elsewhere.post("/personalizer/v1.0/rank", RANK).status) == ("127.0.0.1", 201)
    asked = [replace(elsewhere, key=key).get("/admin/functions").status for key in ("other", elsewhere.key)]
    assert asked == [401, 200]


@pytest.mark.parametrize("host", ["192.0.2.1", "no.such.host.invalid", ""])
def test_an_address_of_no_machine_here_is_named(up: Starter, host: str) -> None:
    serving = up("--host", host)

    assert serving.process.wait() == 1
    assert f"'{host}' is no address of this machine: " in serving.output
    assert "Next step: Give one by --host: 127.0.0.1 for this machine alone" in serving.output
    assert "Traceback" not in serving.output


def test_a_folder_in_use_is_refused(up: Starter) -> None:
    serving = up()
    second = up()

    assert (second.process.wait(), serving.process.poll()) == (1, None)
    assert f"serves the data in {up.data}, at {serving.api.url}." in second.output


def test_it_ends_when_the_host_dies(up: Starter) -> None:
    serving = up(RANKLOOP_KEY="chosen")
    children = serving.children()
    host = next(pid for pid in children if "serve" in Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8"))
    os.kill(host, signal.SIGKILL)
    serving.read_until("nothing says this")

    assert (serving.process.wait(), serving.api.key) == (1, "chosen")
    assert "The host ended with code -9" in serving.output
    assert wait_for_end(children, 0)


def test_a_port_that_is_taken_is_named(up: Starter) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        serving = up("--port", port)

    assert serving.process.wait() == 1
    assert f"Port {port} cannot be used" in serving.output


def test_a_setting_that_makes_no_sense_is_named(up: Starter) -> None:
    serving = up(JOIN_GRACE="soon")

    assert serving.process.wait() == 1
    assert "Setting JOIN_GRACE" in serving.output
    assert "Next step: Correct JOIN_GRACE in the environment or in local.settings.json." in serving.output


def test_data_of_azurite_are_refused_with_the_command_that_copies_them(up: Starter) -> None:
    (up.data / "azurite").mkdir(parents=True, mode=0o700)
    up.data.chmod(0o700)
    serving = up()

    assert serving.process.wait() == 1
    assert "those of an earlier version of Rankloop, which stored in the emulator Azurite." in serving.output
    assert "up --from-azurite`" in serving.output


def test_a_damaged_database_is_named_and_left_as_it_is(up: Starter) -> None:
    first = up()
    first.end()
    database = up.data / "storage" / "store.db"
    database.write_bytes(b"damaged" * 1000)
    serving = up()

    assert serving.process.wait() == 1
    assert "store.db cannot be used: its file is damaged." in serving.output
    assert "bring the folder back from a backup" in serving.output
    assert database.read_bytes() == b"damaged" * 1000
    assert "Traceback" not in serving.output


def test_a_killed_host_and_a_killed_up_lose_no_answered_call(up: Starter) -> None:
    """Again and again, at moments of which nobody knows."""
    answered, number = set[str](), 0
    for _ in range(3):
        serving = up()
        children, until = serving.children(), time.monotonic() + 1
        while time.monotonic() < until:
            number += 1
            if serving.api.post("/personalizer/v1.0/rank", {**RANK, "eventId": f"event-{number}"}).status == 201:
                answered.add(f"event-{number}")
        for pid in children:
            os.kill(pid, signal.SIGKILL)
        serving.end(signal.SIGKILL)
    with EmbeddedStorage(up.data / "storage") as storage:
        names = storage.tables.list_names("events", "f")
        stored = [row.event_id for name in names for row in storage.tables.read(name, RowRange("", "~"))]
        storage.check()

    assert len(answered) > 50
    assert answered <= set(stored)
    assert len(stored) == len(set(stored))
