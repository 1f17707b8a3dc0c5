"""`dev.py learn`: from a log to a loop that ranks by what it has learned, and what the command refuses."""

import shlex
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from localhost.azurite.emulator import Azurite
from localhost.learn import command
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.loop.conftest import KEY, NEVER
from tests.loop.evaluate_command import SQUARECB, write_log
from tests.loop.learn_command import learn, run
from tests.unit.learner.lines import event_lines

POLICY = "/personalizer/v1.0/configurations/policy"
EVENTS = 600


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Events of four actions, drawn alike, of which one pays for each user."""
    return write_log(tmp_path_factory.mktemp("log") / "log.dsjson", event_lines(EVENTS))


@pytest.fixture(scope="module")
def host(azurite: Azurite) -> Iterator[Api]:
    with HostProcess(azurite.new_account().connection_string, env=NEVER) as started:
        yield Api.at(started.url, KEY, tries=4)


@pytest.fixture
def loop(azurite: Azurite) -> Iterator[Api]:
    """A loop that no other test has."""
    with HostProcess(azurite.new_account().connection_string, env=NEVER) as started:
        yield Api.at(started.url, KEY, tries=4)


def best_action(api: Api, user: str, event_id: str) -> str:
    """The action with the highest chance."""
    actions = [{"id": f"a{number}", "features": [{"kind": f"k{number % 3}", "price": 0.5}]} for number in range(4)]
    context = [{"time": {"part": "am", "hour": 9}}, {"user": user}]
    body = {"eventId": event_id, "contextFeatures": context, "actions": actions}
    ranking = api.post("/personalizer/v1.0/rank", body).json["ranking"]
    return str(max(ranking, key=lambda choice: choice["probability"])["id"])


# Into a loop


def test_a_loop_ranks_by_what_was_learned_and_goes_back_by_what_is_printed(log: Path, loop: Api) -> None:
    """The second log shall replace the first one's model only where that is wanted."""
    first = run("--log", log, "--to", loop.url, key=KEY)
    assert first.returncode == 0, first.stderr
    time.sleep(3)
    ranked = {user: best_action(loop, user, f"first-{user}") for user in ("u0", "u1", "u2")}
    own = loop.get(POLICY).json

    refused = run("--log", log, "--to", loop.url, "--policy", f"mine={SQUARECB}", key=KEY)
    unchanged = loop.get(POLICY).json
    second = run("--log", log, "--to", loop.url, "--yes", key=KEY)
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


def test_the_loop_learns_on_from_the_imported_model(log: Path, loop: Api) -> None:
    """Its settings are those that were chosen, and it is told as imported."""
    outcome = learn("--log", log, "--to", loop.url, key=KEY)

    (model,) = loop.get("/rankloop/v1/models").json["models"]
    chosen = outcome["chosen"]
    assert loop.get(POLICY).json == {"name": chosen["name"], "arguments": chosen["arguments"]}
    assert (model["origin"], model["current"]) == ("imported", True)
