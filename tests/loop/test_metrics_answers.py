"""The metrics as a host answers them, of hours of the past."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from shared.configuration.service_configuration import LearningMode
from shared.times import DAY, HOUR, MINUTE, to_iso
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.loop import past
from tests.loop.conftest import KEY, NEVER
from tests.loop.stored_loop import StoredLoop
from tests.loop.test_metrics import busy
from tests.loop.trainers import Trainer
from tests.storages import NewStorage

OWN = "/rankloop/v1/metrics"
APPRENTICE = "/personalizer/v1.1-preview.1/metrics/apprentice"
MODES = (LearningMode.APPRENTICE, LearningMode.ONLINE)


@pytest.fixture(scope="module")
def midnight_us() -> int:
    """In the middle of what happened."""
    return past.midnight()


@pytest.fixture(scope="module")
def storage_of_all(new_storage: NewStorage) -> str:
    """The connection string of the storage that all tests here read."""
    return new_storage()


@pytest.fixture(scope="module")
def api(storage_of_all: str, midnight_us: int, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """A loop that was an apprentice until midnight, and the hour after it was not."""
    storage = storage_of_all
    with StoredLoop(storage) as stored_loop:
        past.configure(stored_loop, past.seldom())
        busy(8, midnight_us - HOUR, midnight_us + HOUR, 400, MODES).write(stored_loop, DAY)
    with Trainer(storage, tmp_path_factory.mktemp("trainer") / "log") as trainer:
        trainer.succeed()
    with HostProcess(storage, env=NEVER) as host:
        yield Api.at(host.url, KEY)


def read_metrics(api: Api, from_us: int, to_us: int, interval: str) -> Any:
    """The metrics of a range."""
    return api.get(f"{OWN}?from={to_iso(from_us)}&to={to_iso(to_us)}&interval={interval}").json


def test_intervals_add_up_to_the_total(api: Api, midnight_us: int) -> None:
    """And those in which nothing came have null, not 0."""
    metrics = read_metrics(api, midnight_us - 2 * HOUR, midnight_us + 2 * HOUR, "PT1H")

    assert metrics["interval"] == "PT1H"
    counts = [interval["count"] for interval in metrics["intervals"]]
    assert (counts[0], counts[3]) == (0, 0)
    assert sum(counts) == metrics["total"]["count"] > 300
    for name in ("joined", "learned", "passedOver", "notActivated", "late", "dangling"):
        assert (
            sum(interval["events"][name] for interval in metrics["intervals"]) == metrics["total"]["events"][name] > 0
        ), name
    assert metrics["total"]["events"]["waiting"] == 0
    empty = metrics["intervals"][0]
    assert {empty[policy]["averageReward"] for policy in ("online", "firstAction", "random")} == {None}
    assert empty["online"]["interval"] is None
    assert [interval["from"] for interval in metrics["intervals"][1:]] == [
        interval["to"] for interval in metrics["intervals"][:-1]
    ]


def test_policies_have_intervals_where_something_is_known_of_them(api: Api, midnight_us: int) -> None:
    """Of a random choice nothing is while the loop is an apprentice."""
    _, before, after, _ = read_metrics(api, midnight_us - 2 * HOUR, midnight_us + 2 * HOUR, "PT1H")["intervals"]

    for policy in (
        before["online"],
        before["firstAction"],
        *(after[name] for name in ("online", "firstAction", "random")),
    ):
        low, high = policy["interval"]
        assert low <= policy["averageReward"] <= high
        assert policy["because"] is None
    assert before["firstAction"]["averageReward"] == before["online"]["averageReward"]
    assert before["random"]["averageReward"] is before["random"]["interval"] is None
    assert "some action had no chance to be shown" in before["random"]["because"]
    assert 0 < after["firstAction"]["nonZeroWeights"] < after["count"] == after["random"]["nonZeroWeights"]


def test_each_interval_tells_in_which_modes_the_loop_was(api: Api, midnight_us: int) -> None:
    """By the events that count, so an hour without any tells none."""
    metrics = read_metrics(api, midnight_us - 2 * HOUR, midnight_us + 2 * HOUR, "PT1H")

    modes = [interval["learningModes"] for interval in metrics["intervals"]]
    assert modes == [[], ["Apprentice"], ["Online"], []]
    assert metrics["total"]["learningModes"] == ["Online", "Apprentice"]


def test_where_an_earlier_version_counted_the_modes_are_not_known(
    api: Api, storage_of_all: str, midnight_us: int
) -> None:
    """It counted no modes, or not those of all events of an interval."""
    span = (midnight_us, midnight_us + HOUR, "PT5M")
    before = [interval["learningModes"] for interval in read_metrics(api, *span)["intervals"]]
    with StoredLoop(storage_of_all) as stored_loop:
        path = f"metrics/{to_iso(midnight_us)[:10].replace('-', '')}.json"
        original, day = stored_loop.blob(path), stored_loop.document(path)
        with_events = [stored for stored in day["bins"] if stored["events"]]
        del with_events[0]["modes"]
        with_events[1]["events"] += 1
        stored_loop.put(path, json.dumps(day).encode())
        after = [interval["learningModes"] for interval in read_metrics(api, *span)["intervals"]]
        stored_loop.put(path, original or b"")

    assert before == [["Online"]] * 12
    assert after == [None] * 2 + [["Online"]] * 10


def test_the_apprentice_is_answered_in_every_place(api: Api) -> None:
    """With the ceiling of 1 − ε + ε ÷ K, here 0.85."""
    own = api.get(OWN).json["apprentice"]
    old = api.get(APPRENTICE).json
    configuration = api.get("/personalizer/v1.1-preview.3/configurations/service").json

    assert old == configuration["latestApprenticeModeMetrics"]
    assert own["total"]["matchRate"] == old["numberOfImitatedEvents"] / old["numberOfEvents"]
    assert own["total"]["matchRateCeiling"] == old["matchRateCeiling"] == pytest.approx(0.85)
    assert own["total"]["rewardAchievementRatio"] == old["sumOfImitatedRewards"] / old["sumOfRewards"]
    assert old["lastBatchMetrics"]["numberOfEvents"] == old["numberOfEvents"] == own["last"]["numberOfEvents"] > 100
    for name in ("matchRate", "rewardAchievementRatio"):
        low, high = old[f"{name}Interval"]
        assert low < old[name] < high
    assert old["startTime"] < old["lastProcessedEventTime"]


def test_a_day_that_is_being_put_away_is_counted_once(api: Api, storage_of_all: str, midnight_us: int) -> None:
    """Its blob is there, and the commit record has not forgotten it yet."""
    span = (midnight_us - 2 * HOUR, midnight_us + 2 * HOUR, "PT1H")
    before = read_metrics(api, *span)
    with StoredLoop(storage_of_all) as stored_loop:
        state, days = stored_loop.document("state.json"), sorted(stored_loop.blobs("metrics/"))
        first = stored_loop.document(days[0])["bins"]
        stored_loop.put("state.json", json.dumps(state | {"metrics": state["metrics"] | {"bins": first}}).encode())

    assert first
    assert read_metrics(api, *span)["total"] == before["total"]


def test_the_first_version_tells_nothing_of_it(api: Api) -> None:
    """Its clients know no such field."""
    assert "latestApprenticeModeMetrics" not in api.get("/personalizer/v1.0/configurations/service").json
    assert api.get("/personalizer/v1.0/metrics/apprentice").status == 404


@pytest.mark.parametrize(
    ("query", "place", "says"),
    [
        ("from=yesterday", "from", "Not a moment"),
        ("to=2026-13-01", "to", "Not a moment"),
        ("from=2026-11-02&to=2026-11-01", "to", "ends before it begins"),
        ("from=2999-01-01", "from", "a range without to ends now"),
        ("from=2026-01-01&to=2026-11-01", "from", "at most 100 days"),
        ("from=0001-01-01", "from", "at most 100 days"),
        ("from=2026-11-01&to=2026-11-05&interval=PT5M", "interval", "at most 500 intervals"),
        ("interval=PT7M", "interval", "has to be one of"),
        ("from=0001-01-01&to=0001-01-02", "from", "before 1970"),
        ("to=0001-01-02", "to", "before 1970"),
        ("from=9999-12-31&to=9999-12-31T23:59:59.999999Z", "to", "too far ahead"),
    ],
)
def test_a_range_that_is_none_is_refused(api: Api, query: str, place: str, says: str) -> None:
    """With what is wrong, and its place; never with a 5xx."""
    answer = api.get(f"{OWN}?{query}")

    assert answer.status == 400
    assert (answer.error["code"], answer.error["target"]) == ("BadRequest", place)
    assert says in answer.error["message"]


@pytest.mark.parametrize(("hours", "interval"), [(1, "PT5M"), (8, "PT5M"), (24, "PT1H"), (200, "PT6H"), (1000, "P1D")])
def test_the_interval_follows_from_the_range(api: Api, midnight_us: int, hours: int, interval: str) -> None:
    """If the query names none; the range is widened to whole intervals."""
    first, last = to_iso(midnight_us - hours * HOUR + MINUTE), to_iso(midnight_us - MINUTE)

    body = api.get(f"{OWN}?from={first}&to={last}").json

    assert body["interval"] == interval
    assert body["intervals"][0]["from"] <= first < last < body["intervals"][-1]["to"]
    assert len(body["intervals"]) <= 100


@pytest.mark.parametrize("interval", ["PT10S", "PT1M"])
def test_short_intervals_need_no_range(api: Api, interval: str) -> None:
    """Of a whole day there would be more than an answer may have."""
    answer = api.get(f"/rankloop/v1/metrics?interval={interval}")

    assert answer.status == 200, answer.error
    assert 499 <= len(answer.json["intervals"]) <= 500


def test_a_loop_that_was_never_an_apprentice_says_so(new_storage: NewStorage) -> None:
    """Until it is made one: then it has seen nothing yet."""
    storage = new_storage()
    with HostProcess(storage, env=NEVER) as host:
        fresh = Api.at(host.url, KEY)
        never = fresh.get(APPRENTICE)
        own = fresh.get(OWN).json
        fresh.put("/personalizer/v1.1-preview.1/configurations/service", {"learningMode": "Apprentice"})
        once = fresh.get(APPRENTICE)

    assert (never.status, never.error["code"]) == (400, "ApprenticeModeNeverTurnedOn")
    assert (own["total"]["count"], own["apprentice"]) == (0, None)
    assert (once.status, once.json["numberOfEvents"], once.json["startTime"]) == (200, 0, None)
