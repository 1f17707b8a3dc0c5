"""`dev.py learn`: from a log to a loop that ranks by what it has learned, and what the command refuses."""

import json
import os
import pty
import shlex
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from localhost.azurite.processes import ProcessId
from localhost.interruption import INTERRUPTED
from localhost.learn import command
from shared.configuration.configuration import INITIAL_ARGUMENTS
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.slots import use_slots
from tests.loop.conftest import KEY, NEVER
from tests.loop.evaluate_command import SQUARECB, write_log
from tests.loop.learn_command import ENVIRONMENT, RUN, learn, run
from tests.loop.test_evaluate_command import below
from tests.storages import NewStorage
from tests.unit.learner.lines import event_lines, slots_lines

POLICY = "/personalizer/v1.0/configurations/policy"
EVENTS = 600


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Events of four actions, drawn alike, of which one pays for each user."""
    return write_log(tmp_path_factory.mktemp("log") / "log.dsjson", event_lines(EVENTS))


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """So few of them that no settings are searched, which takes most of the time."""
    return write_log(tmp_path_factory.mktemp("short") / "log.dsjson", event_lines(90))


@pytest.fixture
def loop(new_storage: NewStorage) -> Iterator[Api]:
    """A loop that no other test has."""
    with HostProcess(new_storage(), env=NEVER) as started:
        yield Api.at(started.url, KEY, tries=4)


def best_action(api: Api, user: str, event_id: str) -> str:
    """The action with the highest chance."""
    actions = [{"id": f"a{number}", "features": [{"kind": f"k{number % 3}", "price": 0.5}]} for number in range(4)]
    context = [{"time": {"part": "am", "hour": 9}}, {"user": user}]
    body = {"eventId": event_id, "contextFeatures": context, "actions": actions}
    ranking = api.post("/personalizer/v1.0/rank", body).json["ranking"]
    return str(max(ranking, key=lambda choice: choice["probability"])["id"])


# Into a loop


def test_a_loop_ranks_by_what_was_learned_and_goes_back_by_what_is_printed(log: Path, short: Path, loop: Api) -> None:
    """The second log shall replace the first one's model only where that is wanted."""
    first = run("--log", log, "--to", loop.url, key=KEY)
    assert first.returncode == 0, first.stderr
    time.sleep(3)
    ranked = {user: best_action(loop, user, f"first-{user}") for user in ("u0", "u1", "u2")}
    own = loop.get(POLICY).json

    refused = run("--log", short, "--to", loop.url, "--policy", f"mine={SQUARECB}", key=KEY)
    unchanged = loop.get(POLICY).json
    second = run("--log", short, "--to", loop.url, "--yes", key=KEY)
    models = loop.get("/rankloop/v1/models").json["models"]
    back = [shlex.split(line) for line in second.stdout.splitlines() if line.startswith("  curl")]
    for words in back:
        call = [word.replace("$RANKLOOP_KEY", KEY) for word in words]
        ended = subprocess.run([*call, "-sS", "--fail-with-body"], capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stdout + ended.stderr

    assert ranked["u1"] == "a2"
    assert {ranked["u0"], ranked["u2"]} <= {"a0", "a3"}
    assert (refused.returncode, unchanged) == (command.REFUSED, own)
    assert "has a model in use" in refused.stderr
    assert "add --yes" in refused.stderr
    assert [model["origin"] for model in models] == ["imported", "imported"]
    current = [model["id"] for model in loop.get("/rankloop/v1/models").json["models"] if model["current"]]
    assert current == [models[1]["id"]]
    assert KEY not in first.stdout + first.stderr + second.stdout + second.stderr


def test_the_loop_learns_on_from_the_imported_model(short: Path, loop: Api) -> None:
    """Its settings are those that were chosen, and it is told as imported."""
    outcome = learn("--log", short, "--to", loop.url, key=KEY)

    (model,) = loop.get("/rankloop/v1/models").json["models"]
    chosen = outcome["chosen"]
    assert loop.get(POLICY).json == {"name": chosen["name"], "arguments": chosen["arguments"]}
    assert (model["origin"], model["current"]) == ("imported", True)


def test_somebody_at_a_terminal_is_asked(short: Path, loop: Api) -> None:
    """And what happens is said before; no answer but yes replaces anything."""
    assert run("--log", short, "--to", loop.url, key=KEY).returncode == 0
    first = loop.get("/rankloop/v1/models").json["models"]

    refused = answer("n", "--log", short, "--to", loop.url)
    unchanged = loop.get("/rankloop/v1/models").json["models"]
    replaced = answer("y", "--log", short, "--to", loop.url)

    assert [refused[0], replaced[0]] == [command.REFUSED, 0]
    assert "Replace it? [y/N]" in refused[1]
    assert "Nothing was changed" in refused[1]
    assert [model["id"] for model in unchanged] == [model["id"] for model in first]
    assert len(loop.get("/rankloop/v1/models").json["models"]) == 2


def answer(text: str, *arguments: str | Path) -> tuple[int, str]:
    """The exit code of a command that is given an answer at a terminal, and what it says beside its tables."""
    ours, theirs = pty.openpty()
    os.write(ours, f"{text}\n".encode())
    words, environment = [*RUN, *map(str, arguments)], ENVIRONMENT | {"RANKLOOP_KEY": KEY}
    ended = subprocess.run(
        words, env=environment, stdin=theirs, capture_output=True, text=True, timeout=120, check=False
    )
    os.close(ours)
    os.close(theirs)
    return ended.returncode, ended.stderr


def refusal(*arguments: str | Path, key: str = KEY) -> str:
    """What a refused command says."""
    ended = run(*arguments, key=key)
    assert (ended.returncode, ended.stdout) == (command.REFUSED, ""), ended.stderr
    assert "Traceback" not in ended.stderr
    assert "Next step: " in ended.stderr
    return ended.stderr


def test_a_loop_that_cannot_be_given_anything_is_refused_before_the_log_is_read(
    loop: Api, tmp_path: Path, log: Path
) -> None:
    """A key that is wrong or may only read, an address where nothing answers, and a loop for several slots."""
    role = {"role": "read"}
    reader = loop.put("/rankloop/v1/keys/board", role).json["key"]

    assert "does not take the key" in refusal("--log", log, "--to", loop.url, key="wrong")
    assert "with the role read" in refusal("--log", log, "--to", loop.url, key=reader)
    assert "cannot be reached" in refusal("--log", log, "--to", "http://127.0.0.1:9")
    assert "does not begin with https://" in refusal("--log", log, "--to", "http://loop.example.com")
    use_slots(loop)
    said = refusal("--log", log, "--to", loop.url)
    assert "is for several slots" in said
    assert "Looking through the log" not in said


def test_a_model_that_is_refused_leaves_the_settings_as_they_were(new_storage: NewStorage, short: Path) -> None:
    """Of a loop that takes signed models only."""
    env = NEVER | {"TRUSTED_MODEL_SIGNERS": "a" * 64}
    with HostProcess(new_storage(), env=env) as started:
        api = Api.at(started.url, KEY, tries=4)
        before = api.get(POLICY).json

        said = run("--log", short, "--to", api.url, key=KEY)

        assert said.returncode == command.REFUSED
        assert "The model was not taken, and the learning settings are as they were." in said.stderr
        assert api.get(POLICY).json == before
        assert api.get("/rankloop/v1/models").json["models"] == []


# Its end


@pytest.mark.parametrize("says", ["Reading the log", "Trying 8 policies", "Training a model"])
def test_ctrl_c_leaves_nothing_running_and_no_files(tmp_path: Path, says: str) -> None:
    """Whatever it was at; nothing is written to where the result would be."""
    log = write_log(tmp_path / "log.dsjson", event_lines(9000))
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    words = [*RUN, "--log", str(log), "--output", str(tmp_path / "learned")]
    environment = ENVIRONMENT | {"TMPDIR": str(scratch)}
    with subprocess.Popen(words, env=environment, stderr=subprocess.PIPE, text=True, process_group=0) as started:
        assert started.stderr
        assert any(says in line for line in started.stderr)
        children = [ProcessId.of(child) for child in below(started.pid)]
        os.killpg(started.pid, signal.SIGINT)
        _, output = started.communicate(timeout=30)

    assert started.returncode == INTERRUPTED, output
    assert "Traceback" not in output
    assert all(child.wait(10) for child in children)
    assert list(scratch.iterdir()) == []
    assert not (tmp_path / "learned").exists()


def test_several_slots_are_not_learned(tmp_path: Path) -> None:
    """With the command that evaluates them."""
    log = write_log(tmp_path / "log.dsjson", slots_lines(5))

    assert "the command evaluate --optimize" in refusal("--log", log, "--output", tmp_path / "learned")


def test_the_settings_of_a_new_loop_are_chosen_where_nothing_is_certain(tmp_path: Path) -> None:
    """And learned with, with the reason."""
    log = write_log(tmp_path / "log.dsjson", event_lines(40))

    outcome = learn("--log", log, "--output", tmp_path / "learned")

    assert outcome["chosen"]["arguments"] == INITIAL_ARGUMENTS
    settings = json.loads((tmp_path / "learned" / "learning-settings.json").read_text())
    assert settings["arguments"] == INITIAL_ARGUMENTS
    assert "too few events" in " ".join(outcome["cannotTeach"])
