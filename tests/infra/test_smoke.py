"""`dev.py smoke` against real hosts: it works in every mode, nothing is learned from it, and it says what is wrong."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from deployment import smoke
from deployment.key import key
from deployment.patience import Patience
from localhost.azurite.emulator import Azurite
from localhost.environment import ROOT
from localhost.setup.programs import CannotSetUp
from shared.configuration.service_configuration import LearningMode
from tests.conftest import StartHost
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.slots import CCB
from tests.infra.packaged import serve_in_front, wait_for_trainer
from tests.infra.scripted_server import serve_answers
from tests.infra.smoking import KEY, run
from tests.loop import past
from tests.loop.stored_loop import StoredLoop

QUICK = {"WRITE_DEADLINE": "PT2S", "JOIN_GRACE": "PT3S", "TRAIN_SCHEDULE": "*/1 * * * * *", "API_KEY_1": KEY}
WAIT = {"reward_wait_time": "PT5S", "model_export_frequency": "PT1S"}
LOOPS: Mapping[str, Any] = {
    "online": past.configuration(**WAIT),
    "logging only": past.configuration(learning_mode=LearningMode.LOGGING_ONLY, **WAIT),
    "apprentice": past.configuration(learning_mode=LearningMode.APPRENTICE, **WAIT),
    "multi-slot": past.configuration(CCB, **WAIT),
}
OUTCOMES = ("learned", "notActivated", "passedOver", "refused")
SHORT = 1.0
LONGER = 3.0
"""Time for a second attempt on a busy machine too."""
PATIENT = 12.0


@dataclass(frozen=True, slots=True)
class Checked:
    """A loop that was checked once, and how."""

    api: Api
    code: int
    output: str

    def when_joined(self) -> dict[str, Any]:
        """The status, once the trainer is through with the event."""
        until = time.monotonic() + 60
        while True:
            status: dict[str, Any] = self.api.get("/rankloop/v1/status").json
            if sum(status["events"][outcome] for outcome in OUTCOMES) or time.monotonic() > until:
                return status
            time.sleep(0.3)

    def event(self) -> dict[str, Any]:
        """What became of the event of the check."""
        event_id = re.findall(r"smoke-\w+", self.output)[0]
        events: list[dict[str, Any]] = self.api.get(f"/rankloop/v1/events/{event_id}").json["events"]
        assert len(events) == 1
        return events[0]


@pytest.fixture(scope="module")
def checked(azurite: Azurite) -> Iterator[dict[str, Checked]]:
    """A loop of each kind; they wait for their rewards at the same time."""
    hosts: list[HostProcess] = []
    try:
        yield {name: _check(azurite, configuration, hosts) for name, configuration in LOOPS.items()}
    finally:
        for host in hosts:
            host.stop()


def _check(azurite: Azurite, configuration: Any, hosts: list[HostProcess]) -> Checked:
    account = azurite.new_account().connection_string
    with StoredLoop(account) as stored_loop:
        past.configure(stored_loop, configuration)
    hosts.append(HostProcess(account, env=QUICK))
    hosts[-1].start()
    wait_for_trainer(hosts[-1].url, KEY, None)
    code, output = run("--endpoint", hosts[-1].url, RANKLOOP_KEY=KEY, RANKLOOP_SHOW_KEYS="az keyvault secret show …")
    return Checked(Api.at(hosts[-1].url, KEY), code, output)


@pytest.mark.parametrize("name", LOOPS)
def test_every_kind_of_loop_is_found_to_work(checked: dict[str, Checked], name: str) -> None:
    """Endpoint, why it learns or not, and the command for the keys are what a user needs next."""
    loop = checked[name]
    last = [line.split(maxsplit=1) for line in loop.output.splitlines()[-3:]]

    assert loop.code == 0, loop.output
    assert ("multi-slot Rank" in loop.output) == (name == "multi-slot")
    assert [first for first, _ in last] == ["Endpoint", "Learning", "Keys"]
    assert [last[0][1], last[2][1]] == [f"http://127.0.0.1:{loop.api.port}", "az keyvault secret show …"]
    assert last[1][1].startswith("not yet: ")


@pytest.mark.parametrize("name", LOOPS)
def test_nothing_is_learned_from_a_check(checked: dict[str, Checked], name: str) -> None:
    """Its event is joined as one that was never activated, and its reward makes no difference."""
    status = checked[name].when_joined()
    event = checked[name].event()

    assert (event["state"], event["reward"]) == ("notActivated", None)
    assert (status["events"]["learned"], status["events"]["notActivated"], status["model"]) == (0, 1, None)


@pytest.mark.parametrize("name", LOOPS)
def test_no_check_prints_the_key(checked: dict[str, Checked], name: str) -> None:
    """What it says ends up in logs of pipelines."""
    assert KEY not in checked[name].output


@pytest.fixture(scope="module")
def host(azurite: Azurite) -> Iterator[HostProcess]:
    """A host that works."""
    with HostProcess(azurite.new_account().connection_string, env=QUICK) as started:
        wait_for_trainer(started.url, KEY, None)
        yield started


ReadOutput = Callable[[], str]


@pytest.fixture
def read_output(capsys: pytest.CaptureFixture[str]) -> ReadOutput:
    """Reads all output so far."""

    def read() -> str:
        captured = capsys.readouterr()
        return captured.out + captured.err

    return read


def test_the_endpoint_comes_from_the_environment(host: HostProcess) -> None:
    """As in a hook of azd, whose environment has the outputs of the deployment."""
    code, output = run(RANKLOOP_ENDPOINT=f"{host.url}/", RANKLOOP_KEY=f"{KEY}\n")

    assert code == 0, output


def test_a_named_endpoint_gets_the_named_key_and_not_that_of_azd(host: HostProcess) -> None:
    """A user who checks another loop, or a new key, names both."""
    code, output = run("--endpoint", host.url, RANKLOOP_KEY=KEY, RANKLOOP_KEY_REFERENCE="akvs://s/other-vault/key")

    assert code == 0, output


def test_a_wrong_key_is_waited_for_and_then_reported(host: HostProcess, read_output: ReadOutput) -> None:
    code = smoke.check(host.url, {"RANKLOOP_KEY": "another-key"}, LONGER)
    output = read_output()

    assert code == 1
    assert "  waiting: The key is refused (401)" in output
    assert re.search(
        r"\nThe key is refused \(401\) \(after \d+ s\)\.\n  Next step: The app has another key than", output
    )
    assert "another-key" not in output


def test_a_host_that_is_away_is_reported(read_output: ReadOutput) -> None:
    """No program listens there."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    code = smoke.check(f"http://127.0.0.1:{port}", {"RANKLOOP_KEY": KEY}, SHORT)
    output = read_output()

    assert code == 1
    assert f"\nhttp://127.0.0.1:{port} cannot be reached: " in output
    assert "  Next step: If the deployment has just ended, wait a minute" in output


def test_a_host_that_is_not_ready_says_itself_what_is_missing(start_host: StartHost, read_output: ReadOutput) -> None:
    """Its reference to Key Vault, for one, was not resolved."""
    url = start_host(ready_path="/status", TRAIN_SCHEDULE="0 0 0 1 1 *", API_KEY_1="").url
    code = smoke.check(url, {"RANKLOOP_KEY": KEY}, SHORT)
    output = read_output()

    assert code == 1
    assert "\nGET /ready was answered 503: " in output
    assert "API_KEY_1" in output
    assert "  Next step: It says itself what is missing." in output


@pytest.mark.parametrize("path", ["", "/api"])
def test_where_there_is_no_loop_it_does_not_wait_to_the_end(
    host: HostProcess, read_output: ReadOutput, path: str
) -> None:
    """An address with a path too much, say; and of the ten attempts that the time allows, the sixth is not made."""
    with serve_answers(ready=(404, "")) as nowhere, serve_in_front([nowhere], [host.url], 5) as front:
        code = smoke.check(f"{host.url}{path}" if path else front, {"RANKLOOP_KEY": KEY}, LONGER)
    output = read_output()

    assert code == 1
    assert "  waiting: GET /ready was answered 404" in output
    assert re.search(
        r": there is no loop at http://127.0.0.1:\d+(/api)? \(after \d+ s\)\.\n  Next step: See that", output
    )


def test_the_404_of_the_platform_right_after_a_deployment_is_waited_for(
    host: HostProcess, read_output: ReadOutput
) -> None:
    with serve_answers(ready=(404, "")) as nowhere, serve_in_front([nowhere], [host.url], 2) as front:
        code = smoke.check(front, {"RANKLOOP_KEY": KEY}, PATIENT)

    assert code == 0
    assert "  waiting: GET /ready was answered 404" in read_output()


@pytest.mark.parametrize(
    ("arguments", "variables", "problem"),
    [
        ([], {"RANKLOOP_KEY": KEY}, "There is no endpoint to check"),
        (["--endpoint", "http://my-loop.azurewebsites.net"], {"RANKLOOP_KEY": KEY}, "does not begin with https://"),
        (["--endpoint", "my-loop"], {"RANKLOOP_KEY": KEY}, "is no address of a loop"),
        (["--endpoint", "https://my-loop:port"], {"RANKLOOP_KEY": KEY}, "is no address of a loop"),
        (["--endpoint", "https://my-loop"], {}, "There is no key to check with"),
        (["--endpoint", "https://my-loop"], {"RANKLOOP_KEY": "ключ"}, "characters that no header can hold"),
        (
            ["--endpoint", "https://my-loop"],
            {"RANKLOOP_KEY": "akvs://a"},
            "a reference of azd's, and it names no secret",
        ),
    ],
)
def test_what_cannot_be_checked_is_reported(arguments: list[str], variables: dict[str, str], problem: str) -> None:
    """No request is sent then, and the exit code is another one than that of a loop that does not work."""
    code, output = run(*arguments, **variables)

    assert code == 2, output
    assert problem in output
    assert "\n  Next step: " in output
    assert variables.get("RANKLOOP_KEY", "…") not in output
    assert "Traceback" not in output


def test_a_key_that_azd_did_not_resolve_is_looked_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Here there is no azd to do so, which is reported instead of a refused key."""
    monkeypatch.setenv("PATH", "")

    with pytest.raises(CannotSetUp, match="There is no azd here"):
        key({"RANKLOOP_KEY": "akvs://subscription/my-vault/api-key-1"}, Patience(SHORT))


def test_a_reference_that_azd_has_resolved_is_the_key(host: HostProcess) -> None:
    """Then there is nothing to read in the vault, and nothing to show."""
    code, output = run(RANKLOOP_ENDPOINT=host.url, RANKLOOP_KEY_REFERENCE=KEY)

    assert (code, KEY in output) == (0, False), output


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ((201, "<html>Welcome</html>"), "Rank was answered 201, but not with an action of the event"),
        ((201, '{"eventId": "other", "rewardActionId": "one"}'), "Rank was answered 201, but not with an action"),
        ((400, '{"error": {"code": "BadRequest", "message": "No."}}'), "was answered 400: No."),
        ((404, ""), "was answered 404"),
        ((302, ""), "was answered 302"),
        ((503, '{"error": {"code": "x", "message": "Storage is away."}}'), "was answered 503: Storage is away (after"),
    ],
)
def test_a_rank_that_goes_wrong_is_reported(answer: tuple[int, str], problem: str, read_output: ReadOutput) -> None:
    """Also by something that is no loop; a redirection, which could lead the key elsewhere, is not followed."""
    with serve_answers(rank=answer) as url:
        code = smoke.check(url, {"RANKLOOP_KEY": KEY}, SHORT)
    output = read_output()

    assert code == 1
    assert problem in output
    assert "\n  Next step: " in output


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        ((400, '{"error": {"code": "BadRequest", "message": "No."}}'), "was answered 400: No."),
        ((404, ""), "was answered 404"),
        ((200, "{}"), "was answered 200"),
    ],
)
def test_a_reward_that_goes_wrong_is_reported(answer: tuple[int, str], problem: str, read_output: ReadOutput) -> None:
    """A loop that ranks but takes no rewards learns nothing."""
    with serve_answers(rank=(201, '{"eventId": "<event>", "rewardActionId": "one"}'), reward=answer) as url:
        code = smoke.check(url, {"RANKLOOP_KEY": KEY}, SHORT)
    output = read_output()

    assert code == 1
    assert f"/reward {problem}" in output


INTERRUPTIBLE = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)  # which the background of the tests may have switched off
os.execv(sys.argv[1], sys.argv[1:])
"""


def test_ctrl_c_ends_it() -> None:
    """While it waits."""
    with serve_answers(ready=(503, "{}")) as url:
        smoking = [sys.executable, str(ROOT / "dev.py"), "smoke", "--endpoint", url]
        environment = {**os.environ, "RANKLOOP_KEY": KEY}
        with subprocess.Popen(
            [sys.executable, "-c", INTERRUPTIBLE, *smoking],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as popen:
            assert popen.stdout
            assert any("waiting" in line for line in popen.stdout)
            popen.send_signal(signal.SIGINT)
            rest = popen.stdout.read()

    assert (popen.returncode, rest) == (130, "\nInterrupted.\n")
