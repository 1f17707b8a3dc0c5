"""What a loop's exploration is spent on: read, changed, and to be seen in what Rank answers and records."""

import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from shared.configuration.exploration import NEW_SHARES
from shared.log.ranked_event import unpack
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.conftest import NEVER
from tests.http.described import Described
from tests.http.ranked_model import REQUEST, best_chance, make_model, publish
from tests.loop.stored_loop import StoredLoop
from tests.storages import NewStorage

SHARES, SERVICE = "/rankloop/v1/configurations/explorationShares", "/personalizer/v1.1-preview.3/configurations/service"
RANK, CHANCES, HISTORY = "/personalizer/v1.0/rank", "/rankloop/v1/chances", "/rankloop/v1/configurations/history"
PATIENCE_SECONDS = 8
NAMES = [action["id"] for action in REQUEST["actions"]]


@pytest.fixture(scope="module")
def storage(new_storage: NewStorage, here: Callable[[str], None]) -> str:
    """An account that is this process's storage too, so that a model can be published."""
    account = new_storage()
    here(account)
    return account


@pytest.fixture(scope="module")
def api(storage: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A loop with a model that holds the first of four actions for the best."""
    with HostProcess(storage, env={"API_KEY_1": "test-key-1", **NEVER}) as started:
        api = Api.at(started.url, "test-key-1", tries=4)
        api.get(SHARES)
        publish(make_model(tmp_path_factory.mktemp("model") / "model.vw"))
        yield api


def chances(api: Api, event_id: str) -> list[float]:
    """What Rank answers, in the order of the request."""
    ranking = api.post(RANK, REQUEST | {"eventId": event_id}).json["ranking"]
    return [each["probability"] for name in NAMES for each in ranking if each["id"] == name]


def await_best(api: Api, expected: float) -> str:
    """Rank until the first action has a chance; gives the last event's id."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        event_id = uuid4().hex  # a repetition would be answered as before
        if (answered := chances(api, event_id)[0]) == pytest.approx(expected, abs=1e-6):
            return event_id
        assert time.monotonic() < until, f"{answered} instead of {expected}"
        time.sleep(0.1)


def test_a_new_loop_tells_its_shares(api: Api) -> None:
    """Parts of the exploration, and what they make of all events."""
    answer = api.get(SHARES)

    Described.by(api).demand("GET", SHARES, answer)
    assert answer.json == {
        "uniform": 1 - NEW_SHARES.default,
        "default": NEW_SHARES.default,
        "challenger": NEW_SHARES.challenger,
        "uniformOfEvents": pytest.approx(0.2 * (1 - NEW_SHARES.default)),
        "defaultOfEvents": pytest.approx(0.2 * NEW_SHARES.default),
    }


@pytest.mark.parametrize("default", [0.5, 0.0, 0.125])
def test_rank_draws_answers_and_records_by_the_shares(api: Api, storage: str, default: float) -> None:
    """The same chances in the answer, in the record, and in what is foretold; the model stays."""
    answer = api.put(SHARES, {"default": default})
    assert (answer.status, answer.json["default"], answer.json["uniform"]) == (200, default, 1 - default)

    event_id = await_best(api, best_chance(0.2, default))

    others = [0.2 * (1 - default) / 4] * 3
    assert chances(api, event_id)[1:] == pytest.approx(others, abs=1e-6)
    with StoredLoop(storage) as stored_loop:
        (row,) = [row for row in stored_loop.rows("events") if row.event_id == event_id]
    recorded = unpack(row.payload, event_id, 0).decision()
    assert sorted(recorded.probabilities) == pytest.approx(sorted(chances(api, event_id)), abs=1e-9)
    foretold = [each["probability"] for each in api.post(CHANCES, REQUEST).json["actions"]]
    assert foretold == pytest.approx(chances(api, event_id), abs=1e-9)
    assert recorded.model_id == "model-1"


def test_outside_online_mode_all_actions_are_alike(api: Api) -> None:
    """What the shares make of events then says so."""
    api.put(SHARES, {"default": 0.5})
    api.put(SERVICE, {"learningMode": "LoggingOnly"})
    assert api.get(SHARES).json["defaultOfEvents"] == 0.0
    await_best(api, best_chance(0.2, 0.0))

    api.put(SERVICE, {"learningMode": "Online"})
    await_best(api, best_chance(0.2, 0.5))


def test_a_challenger_s_share_is_the_usual_one_unless_it_is_named(api: Api) -> None:
    """It takes effect while one is on trial; what the loop shows until then stays."""
    before = api.put(SHARES, {"default": 0.125}).json

    answer = api.put(SHARES, {"default": 0.125, "challenger": 0.25})

    assert answer.json == {**before, "challenger": 0.25}
    newest = api.get(HISTORY).json["changes"][0]["changed"]
    assert newest == [{"name": "explorationSharesChallenger", "from": NEW_SHARES.challenger, "to": 0.25}]
    assert api.put(SHARES, {"default": 0.125}).json == before


@pytest.mark.parametrize(
    "body",
    [
        {"default": 0.51},
        {"default": 0.25, "challenger": 0.51},
        {"default": 0.25, "challenger": None},
        {"default": -0.01},
        {"default": "0.2"},
        {"default": True},
        {"default": None},
        {},
        [0.2],
    ],
)
def test_shares_out_of_range_change_nothing(api: Api, body: object) -> None:
    """Uniform draws keep at least half of the exploration, so that the log can answer for any policy."""
    before = api.get(SHARES).json

    answer = api.put(SHARES, body)  # type: ignore[arg-type]

    assert (answer.status, answer.error["code"]) == (400, "InvalidExplorationShares")
    assert api.get(SHARES).json == before


def test_who_changed_the_shares_is_told(api: Api) -> None:
    """And nothing is learned anew for it."""
    api.put(SHARES, {"default": 0.25})
    edited = api.get(SERVICE).json["lastConfigurationEditDate"]
    api.put(SHARES, {"default": 0.125})

    newest = api.get(HISTORY).json["changes"][0]
    assert (newest["act"], newest["by"]) == ("explorationShares", "API_KEY_1")
    assert newest["changed"] == [{"name": "explorationSharesDefault", "from": 0.25, "to": 0.125}]
    assert api.get(SERVICE).json["lastConfigurationEditDate"] == edited
