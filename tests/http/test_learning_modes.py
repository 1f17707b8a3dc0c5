"""What Rank answers and records in each learning mode."""

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from shared.configuration.configuration import INITIAL_ARGUMENTS
from shared.configuration.service_configuration import LearningMode
from shared.log.ranked_event import RankedEvent, unpack
from shared.ranking.decision import decide, equal_chances
from shared.ranking.slots import Slot
from shared.ranking.slots import decide as fill
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.conftest import NEVER
from tests.http.slots import CCB, RANK, V1_1, eventually, news
from tests.loop import past
from tests.loop.stored_loop import StoredLoop
from tests.storages import NewStorage

NAMES = ("tea", "juice", "water", "beer")
REQUEST = {"actions": [{"id": name, "features": [{"name": name}]} for name in NAMES]}
SLOTS = [Slot("top", range(4), 0), Slot("side", range(4), 1)]


class Loop:
    """A loop without a model."""

    def __init__(self, storage: str, url: str) -> None:
        self.api = Api.at(url, "test-key-1")
        self._storage = storage

    def read_event(self, event_id: str) -> RankedEvent:
        """An event as it was ranked."""
        with StoredLoop(self._storage) as stored_loop:
            (row,) = [row for row in stored_loop.rows("events") if row.event_id == event_id]
        return unpack(row.payload, event_id, 0)


StartLoop = Callable[..., Loop]


@pytest.fixture(scope="module")
def start(new_storage: NewStorage) -> Iterator[StartLoop]:
    """Starts loops in a mode."""
    with ExitStack() as hosts:

        def start_loop(mode: LearningMode, learning: str = INITIAL_ARGUMENTS) -> Loop:
            storage = new_storage()
            with StoredLoop(storage) as stored_loop:
                past.configure(stored_loop, past.configuration(learning, learning_mode=mode))
            settings = {"API_KEY_1": "test-key-1", **NEVER}
            return Loop(storage, hosts.enter_context(HostProcess(storage, env=settings)).url)

        yield start_loop


@pytest.fixture(scope="module")
def apprentice(start: StartLoop) -> Loop:
    return start(LearningMode.APPRENTICE)


@pytest.fixture(scope="module")
def logger(start: StartLoop) -> Loop:
    return start(LearningMode.LOGGING_ONLY)


@pytest.mark.parametrize("kind", ["apprentice", "logger"])
def test_the_first_action_is_shown_and_the_order_is_that_of_the_request(
    kind: str, request: pytest.FixtureRequest
) -> None:
    """Users see what the application would have shown; the probabilities are the model's."""
    api = request.getfixturevalue(kind).api
    for number in range(20):
        body = api.post(f"{V1_1}/rank", REQUEST | {"eventId": f"shown-{number}"}).json
        assert body["rewardActionId"] == "tea"
        assert [action["id"] for action in body["ranking"]] == [*NAMES]
        assert [action["probability"] for action in body["ranking"]] == [0.25] * 4


@pytest.mark.parametrize("kind", ["apprentice", "logger"])
def test_the_first_action_that_is_not_excluded_is_the_baseline(kind: str, request: pytest.FixtureRequest) -> None:
    """An excluded one must not be shown in any mode."""
    body = request.getfixturevalue(kind).api.post(f"{V1_1}/rank", REQUEST | {"excludedActions": ["tea", "water"]}).json

    assert body["rewardActionId"] == "juice"
    assert [action["id"] for action in body["ranking"]] == [*NAMES]
    assert [action["probability"] for action in body["ranking"]] == [0, 0.5, 0, 0.5]


def test_an_apprentice_records_its_own_choice(apprentice: Loop) -> None:
    """That is what it learns by: whether it would have done the same."""
    drawn = set()
    for number in range(12):
        apprentice.api.post(f"{V1_1}/rank", REQUEST | {"eventId": f"own-{number}"})
        recorded = apprentice.read_event(f"own-{number}")
        assert recorded.mode is LearningMode.APPRENTICE
        assert recorded.decision() == decide(equal_chances(4), "N/A", f"own-{number}", "default")
        drawn.add(recorded.decision().order[0])

    assert len(drawn) > 1


def test_what_is_only_logged_is_certain(logger: Loop) -> None:
    """Nothing is drawn, so the chance of what is shown is 1, also without a model."""
    logger.api.post(f"{V1_1}/rank", REQUEST | {"eventId": "certain", "excludedActions": ["juice"]})

    recorded = logger.read_event("certain")

    assert recorded.mode is LearningMode.LOGGING_ONLY
    assert (recorded.actions, recorded.probabilities) == (b"[1,2,3]", b"[1.0,0.0,0.0]")


@pytest.mark.parametrize("kind", ["apprentice", "logger"])
def test_a_repetition_is_answered_alike(kind: str, request: pytest.FixtureRequest) -> None:
    """Also where the record does not hold what was answered."""
    api = request.getfixturevalue(kind).api
    _wait_for_a_long_minute()

    first, second = (api.post(f"{V1_1}/rank", REQUEST | {"eventId": "again"}).body for _ in range(2))

    assert first == second


def test_a_repetition_is_answered_in_the_mode_of_the_first(start: StartLoop) -> None:
    """A mode that changes in between does not turn an answer into another one."""
    loop = start(LearningMode.ONLINE)
    drawn = {f"evt-{n}": decide(equal_chances(4), "N/A", f"evt-{n}", "default").order[0] for n in range(20)}
    body = REQUEST | {"eventId": next(event_id for event_id, first in drawn.items() if first)}
    _wait_for_a_long_minute()
    online = loop.api.post(f"{V1_1}/rank", body)
    loop.api.put(f"{V1_1}/configurations/service", {"learningMode": "Apprentice"})
    eventually(lambda: _is_imitating(loop.api))

    assert online.json["rewardActionId"] != "tea"
    assert loop.api.post(f"{V1_1}/rank", body).body == online.body


def test_slots_show_their_baselines_while_an_apprentice_learns(start: StartLoop) -> None:
    """Its own choices are recorded."""
    loop = start(LearningMode.APPRENTICE, CCB)
    own = set()
    for number in range(12):
        body = loop.api.post(RANK, news(eventId=f"slots-{number}")).json
        recorded = loop.read_event(f"slots-{number}")
        assert [slot["rewardActionId"] for slot in body["slots"]] == ["politics", "sports"]
        assert (recorded.mode, recorded.baselines) == (LearningMode.APPRENTICE, (0, 1))
        assert recorded.multi_slot_decision() == fill(SLOTS, f"slots-{number}", "N/A")
        own.add(recorded.multi_slot_decision().choices[0].order[0])

    assert len(own) > 1


def test_slots_that_are_only_logged_have_their_baselines_for_certain(start: StartLoop) -> None:
    """With what was left for each behind it."""
    loop = start(LearningMode.LOGGING_ONLY, CCB)
    body = news(eventId="certain")
    body["slots"][0] |= {"baselineAction": "music", "excludedActions": ["weather"]}

    document = loop.api.post(RANK, body).json

    recorded = loop.read_event("certain")
    assert [slot["rewardActionId"] for slot in document["slots"]] == ["music", "sports"]
    assert (recorded.mode, recorded.slots) == (LearningMode.LOGGING_ONLY, ("top", "side"))
    assert (recorded.actions, recorded.probabilities) == (b"[[2,0,1],[1,0,3]]", b"[[1.0,0.0,0.0],[1.0,0.0,0.0]]")


def _is_imitating(api: Api) -> bool:
    reward_action_ids = [api.post(f"{V1_1}/rank", REQUEST).json["rewardActionId"] for _ in range(8)]
    return set(reward_action_ids) == {"tea"}


def _wait_for_a_long_minute() -> None:
    """Only in the same minute is a repetition answered by what was recorded."""
    if time.time() % 60 > 45:
        time.sleep(61 - time.time() % 60)
