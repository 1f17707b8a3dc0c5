"""The metrics of the last day against the log: whatever parts it was joined in, whoever died or began late."""

import json
import random
import signal
from collections import Counter
from copy import replace
from typing import Any

import pytest

from localhost.azurite.accounts import EmulatedAccount
from shared.intake.rows import Event
from shared.learner import features
from shared.log import ranked_event
from shared.log.corrected_lines import CorrectedLines
from shared.log.redaction import EventTarget, FeatureTarget, Target
from shared.metrics.bins import BIN_US, FINE_US, day_us
from shared.metrics.last_day_forms import describe_missing
from shared.metrics.recent import Hour, Recent, hour_us
from shared.ranking.decision import decide
from shared.storage import json_documents
from shared.storage.paths import this_loop
from shared.times import DAY, HOUR, MINUTE, SECOND, from_iso, to_iso
from tests.clock import now_us
from tests.conftest import StartHost
from tests.faults.proxy import Fault, Request
from tests.http.api import Api
from tests.loop import past
from tests.loop.conftest import KEY, NEVER, StartTrainer
from tests.loop.mixed import build_mixed_past
from tests.loop.redactors import recently, redact
from tests.loop.stored_loop import StoredLoop
from tests.loop.strikes import Matches, Strike, open_route, write
from train_timer.last_day import read_details

OWN = "/rankloop/v1/metrics"
SECRET = "ann@example.com"


def shop(event_id: str, at_us: int, user: str, shown: int) -> Event:
    """A Rank whose model prefers an action, of a user with a name."""
    names = [(name, [{"letter": name}]) for name in past.ACTIONS]
    document = features.document([{"user": {"mail": user, "vip": len(user) % 2 == 0}}], names)
    chances = [0.05 + 0.8 * (place == shown) for place in range(len(names))]
    event = ranked_event.from_decision(
        event_id, at_us, document, decide(chances, "m", event_id, this_loop().name), deferred=False
    )
    return replace(past.event(event_id, at_us), payload=ranked_event.pack(event))


def shopping(events: int = 60) -> past.Past:
    """An hour of users, two hours ago; every second event earns something."""
    rows, chance, began_us = past.Past(), random.Random(3), past.minutes_ago(120)
    for number in range(events):
        at_us = began_us + number * HOUR // events
        user = SECRET if number % 5 == 0 else f"u{number % 3}"
        rows.events.append(shop(f"e{number}", at_us, user, chance.randrange(4)))
        if number % 2:
            rows.observations.append(past.reward(f"e{number}", at_us + SECOND))
    return rows


def hours(loop: StoredLoop) -> dict[int, Hour]:
    """The stored hours."""
    stored = [json_documents.read(Hour, data) for data in loop.blobs("lastday/").values()]
    return {hour.from_us: hour for hour in stored}


def sums(loop: StoredLoop) -> Any:
    """All that the hours hold, without the positions up to which they hold it."""
    return [
        rounded(json.loads(json_documents.to_json(replace(hour, up_to_us=0))))
        for _, hour in sorted(hours(loop).items())
    ]


def rounded(value: Any) -> Any:
    """The same to six digits: in which order numbers are added up is seen in their last ones."""
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, list):
        return [rounded(element) for element in value]
    return {name: rounded(element) for name, element in value.items()} if isinstance(value, dict) else value


def check(loop: StoredLoop) -> None:
    """See that the hours hold what the lines of the log add up to, and what the metrics of five minutes do."""
    details = read_details(iter(line + b"\n" for line in loop.lines()), 0, CorrectedLines(()), None)
    stored = [hour for _, hour in sorted(hours(loop).items())]
    for name, expected in (("bins", details.bins), ("steps", details.breakdown.steps)):
        held = [json.loads(json_documents.to_json(piece)) for hour in stored for piece in getattr(hour, name)]
        assert rounded(held) == rounded([json.loads(json_documents.to_json(piece)) for piece in expected]), name
    assert all(hour_us(a_bin.from_us) == hour.from_us for hour in stored for a_bin in hour.bins)
    coarse = {a_bin["from_us"]: a_bin for a_bin in loop.document("state.json")["metrics"]["bins"]}
    counts = Counter[int]()
    for hour in stored:
        for a_bin in hour.bins:
            counts[a_bin.from_us // BIN_US * BIN_US] += a_bin.events
    days = {day_us(at_us) for at_us in coarse}  # those before have blobs of their own
    held_counts = Counter({at_us: events for at_us, events in counts.items() if day_us(at_us) in days})
    assert +held_counts == +Counter({at_us: a_bin["events"] for at_us, a_bin in coarse.items()})


def train(trainer: StartTrainer, loop: StoredLoop, **more: Any) -> None:
    with trainer(loop.storage, **more) as started_trainer:
        started_trainer.succeed()


def test_the_hours_hold_what_the_log_adds_up_to(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """Over three hours, all modes and kinds of events, joined by one run after the other."""
    past.configure(stored_loop, past.seldom())
    build_mixed_past(5, past.minutes_ago(200), past.minutes_ago(20), 300, 10 * MINUTE).write(stored_loop)

    for _ in range(3):
        train(trainer, stored_loop, single_part=True)
        check(stored_loop)
    train(trainer, stored_loop)

    assert len(hours(stored_loop)) >= 3
    check(stored_loop)


def test_a_trainer_killed_while_it_writes_them_neither_loses_nor_doubles(
    stored_loop: StoredLoop, undisturbed: StoredLoop, trainer: StartTrainer, account: EmulatedAccount
) -> None:
    """Before an hour is written, after the first one, and before the commit record says so."""
    rows = build_mixed_past(6, past.minutes_ago(180), past.minutes_ago(50), 120, 10 * MINUTE)
    for loop in (stored_loop, undisturbed):
        past.configure(loop, past.seldom())
        rows.write(loop)
    with open_route(account) as route:
        strikes = ((write("/lastday/"), 1), (write("/lastday/"), 2), (_after_hours(), 1))
        for (matches, nth), fault in zip(strikes, (Fault(cut="before"), None, Fault(cut="before")), strict=True):
            with trainer(route.storage) as started_trainer:
                route.plan(strike := Strike(matches, started_trainer.die, fault, nth))
                strike.wait()
                assert started_trainer.wait() == -signal.SIGKILL
            stored_loop.break_lease()
    for loop in (stored_loop, undisturbed):
        train(trainer, loop)

    check(stored_loop)
    assert sums(stored_loop) == sums(undisturbed)
    recent = [loop.document("state.json")["recent"] for loop in (stored_loop, undisturbed)]
    assert rounded(recent[0]["chunks"]) == rounded(recent[1]["chunks"])


def _after_hours() -> Matches:
    """The writes of the commit record that follow the write of an hour."""
    began = False

    def matches(request: Request) -> bool:
        nonlocal began
        began |= "/lastday/" in request.path and request.method == "PUT"
        return began and write("state.json")(request)

    return matches


@pytest.mark.parametrize("damage", ["an earlier version", "lost hours", "a damaged hour"])
def test_a_late_start_reads_the_log(stored_loop: StoredLoop, trainer: StartTrainer, damage: str) -> None:
    """Of a loop that an earlier version has run, or after the blobs were lost and the commit record was put back."""
    past.configure(stored_loop, past.seldom())
    shopping().write(stored_loop)
    train(trainer, stored_loop)
    before, state = sums(stored_loop), stored_loop.document("state.json")
    if damage == "a damaged hour":
        stored_loop.put(min(stored_loop.blobs("lastday/")), b"{}no")
        state["recent"]["up_to_us"] = 0
    else:
        for path in stored_loop.blobs("lastday/"):
            stored_loop.remove(path)
        del state["recent"]
    stored_loop.put("state.json", json.dumps(state).encode())

    for _ in range(2):
        train(trainer, stored_loop)

    assert before
    assert sums(stored_loop) == before


@pytest.mark.parametrize("target", [FeatureTarget("mail", SECRET), EventTarget("e0")])
def test_what_is_redacted_is_in_no_hour(stored_loop: StoredLoop, trainer: StartTrainer, target: Target) -> None:
    """The hours are there again after the next run, by the log that is left."""
    past.configure(stored_loop, past.seldom())
    shopping().write(stored_loop)
    train(trainer, stored_loop)
    assert SECRET.encode() in b"".join(stored_loop.blobs("lastday/").values())
    stored_loop.put("joins/late.json", b"what a shard adds to them, written when its part was log")

    redact(stored_loop.storage, target, recently())
    left = stored_loop.blobs("lastday/") | stored_loop.blobs("joins/")
    train(trainer, stored_loop)

    assert left == {}
    details = read_details(iter(line + b"\n" for line in stored_loop.lines()), 0, CorrectedLines(()), None)
    events = sum(step.total.events for step in details.breakdown.steps)
    assert events == (60 if isinstance(target, FeatureTarget) else 59)
    assert sum(step.total.events for hour in hours(stored_loop).values() for step in hour.steps) == events
    if isinstance(target, FeatureTarget):
        assert SECRET.encode() not in b"".join(stored_loop.blobs("lastday/").values())


def test_they_are_answered_by_action_and_by_context(
    stored_loop: StoredLoop, trainer: StartTrainer, start_host: StartHost
) -> None:
    """In finer bins, too; and are gone with the log."""
    past.configure(stored_loop, past.seldom())
    rows = shopping()
    rows.write(stored_loop)
    train(trainer, stored_loop)
    api = Api.at(start_host(**NEVER).url, KEY)
    lines = [json.loads(line) for line in stored_loop.lines()]
    shown = Counter(past.ACTIONS[line["_labelIndex"]] for line in lines)

    actions, by_hour = (api.get(f"{OWN}/actions{query}").json for query in ("", "?interval=PT1H"))
    features_ = api.get(f"{OWN}/context").json
    mails = api.get(f"{OWN}/context?feature=user.mail").json
    ends = f"from={to_iso(past.minutes_ago(130))}&to={to_iso(past.minutes_ago(55))}"
    fine, coarse = (api.get(f"{OWN}?{ends}&interval={interval}").json for interval in ("PT10S", "PT5M"))
    minutes = api.get(f"{OWN}?{ends}&interval=PT1M").json
    unknown, early, too_early = (
        api.get(f"{OWN}/{query}")
        for query in (
            "context?feature=nobody",
            f"actions?from={to_iso(now_us() - 3 * DAY)}",
            "?from=2026-01-01&to=2026-01-01T00:10:00Z&interval=PT1M".removeprefix("/"),
        )
    )
    stored_loop.put("joins/late.json", b"what a shard adds to them, written when its part was log")
    deleted = api.call("DELETE", "/personalizer/v1.0/logs", None, None)
    after = api.get(f"{OWN}/actions").json
    train(trainer, stored_loop)

    assert {action["id"]: action["count"] for action in actions["actions"]} == shown
    assert (actions["intervals"], by_hour["actions"]) == ([], actions["actions"])
    assert sum_intervals(by_hour["intervals"]) == shown
    assert len(by_hour["intervals"]) == 25
    assert [action["count"] for action in actions["actions"]] == sorted(shown.values(), reverse=True)
    assert (actions["count"], actions["rest"]["count"]) == (60, 0)
    assert sum(action["share"] for action in actions["actions"]) == pytest.approx(1)
    for action in actions["actions"]:
        assert action["interval"][0] <= action["averageReward"] <= action["interval"][1]
    assert [(each["name"], each["values"]) for each in features_["features"]] == [("user.mail", 4), ("user.vip", 2)]
    assert (features_["values"], features_["rest"], features_["absent"]) == ([], None, None)
    assert {each["value"]: each["count"] for each in mails["values"]} == {SECRET: 12, "u0": 16, "u1": 16, "u2": 16}
    assert mails["absent"] == {"count": 0, "share": 0.0, "averageReward": None, "interval": None}
    assert (fine["total"]["count"], minutes["total"]["count"], coarse["total"]["count"]) == (60, 60, 60)
    assert fine["total"]["events"] == {
        **dict.fromkeys(("waiting", "learned", "notActivated", "answeredOtherwise")),
        **dict.fromkeys(("refused", "passedOver", "quarantined")),
        "joined": 60,
        "relabelled": 0,
        "late": 0,
        "dangling": 0,
    }
    assert {str(each["learningModes"]) for each in fine["intervals"]} == {"[]", "['Online']"}
    assert fine["total"]["online"] == coarse["total"]["online"]
    assert len([each for each in fine["intervals"] if each["count"]]) == 60
    assert from_iso(fine["intervals"][0]["to"]) - from_iso(fine["intervals"][0]["from"]) == FINE_US
    assert (unknown.status, unknown.error["target"]) == (400, "feature")
    for refused in (early, too_early):
        assert (refused.status, refused.error["target"]) == (400, "from")
        assert "since 20" in refused.error["message"]
    assert (deleted.status, after["count"], after["actions"]) == (204, 0, [])
    assert stored_loop.blobs("lastday/") == stored_loop.blobs("joins/") == {}


def sum_intervals(intervals: Any) -> Counter[str]:
    """How often each action was shown in all intervals together."""
    sums = Counter[str]()
    for interval in intervals:
        sums.update({action["id"]: action["count"] for action in interval["actions"]})
        assert interval["count"] == sum(action["count"] for action in interval["actions"]) + interval["rest"]["count"]
    return sums


def test_trouble_with_the_hours_does_not_keep_what_is_deleted(
    stored_loop: StoredLoop, trainer: StartTrainer, start_host: StartHost
) -> None:
    """After failures they are written again in an hour only; but a deletion is followed at once."""
    past.configure(stored_loop, past.seldom())
    shopping().write(stored_loop)
    train(trainer, stored_loop)
    trouble = {"reason": "it was in trouble", "since_us": now_us(), "tried_us": now_us(), "tries": 12}
    state = stored_loop.document("state.json")
    troubles = {"last_day": {**trouble, "about": "log deleted before 0"}}
    stored_loop.put("state.json", json.dumps(state | {"troubles": troubles}).encode())
    train(trainer, stored_loop)
    before = stored_loop.document("state.json")["troubles"]

    deleted = Api.at(start_host(**NEVER).url, KEY).delete("/personalizer/v1.0/logs")
    train(trainer, stored_loop)

    assert (before.keys(), deleted.status) == ({"last_day"}, 204)
    assert stored_loop.blobs("lastday/") == {}
    assert stored_loop.document("state.json")["troubles"] == {}


def test_what_is_not_made_again_yet_is_said_to_be_missing(
    stored_loop: StoredLoop, trainer: StartTrainer, start_host: StartHost
) -> None:
    """From a redaction to the next run: a count of 0 alone would say that nothing came."""
    past.configure(stored_loop, past.seldom())
    shopping().write(stored_loop)
    train(trainer, stored_loop)
    api = Api.at(start_host(**NEVER).url, KEY)
    ends = f"from={to_iso(past.minutes_ago(130))}&to={to_iso(past.minutes_ago(55))}"
    pages = [f"{OWN}/actions", f"{OWN}/context", f"{OWN}?{ends}&interval=PT1M", f"{OWN}?{ends}&interval=PT5M"]

    before = [api.get(page).json["missing"] for page in pages]
    api.post("/rankloop/v1/logs/redact", {"eventId": "e0"})
    between = [api.get(page).json["missing"] for page in pages]
    unknown = api.get(f"{OWN}/context?feature=user.vip")
    train(trainer, stored_loop)
    after = [api.get(page).json for page in pages]

    assert before == [None] * 4
    assert between == [
        *[
            "Nothing is there yet: the trainer makes these figures from the log, anew after a deletion, a redaction or "
            "a quarantine."
        ]
        * 3,
        None,
    ]
    assert (unknown.status, unknown.error["message"]) == (400, f"feature: {between[0]}")
    assert [page["missing"] for page in after] == [None] * 4
    assert after[0]["count"] == after[1]["count"] == after[2]["total"]["count"] == 59


@pytest.mark.parametrize(("up_to_us", "to_us", "is_missing"), [(5, 9, True), (7, 9, False), (5, 5, False)])
def test_what_the_trainer_has_still_to_read_is_missing(up_to_us: int, to_us: int, is_missing: bool) -> None:
    """Of the range that is asked for, up to the log position, 7."""
    missing = describe_missing(Recent(0, up_to_us), 7, to_us)

    assert (missing is not None) == is_missing
    assert not missing or missing.startswith("What came after 1970-01-01T00:00:00Z is not there yet")


def test_hours_go_after_a_day(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """The trainer looks once an hour; a run that begins three days later finds them too old."""
    past.configure(stored_loop, past.seldom())
    shopping(10).write(stored_loop)
    train(trainer, stored_loop)
    assert hours(stored_loop)
    state = stored_loop.document("state.json")
    old = json_documents.to_json(Hour(hour_us(now_us() - 2 * DAY)))
    stored_loop.put(f"lastday/{to_iso(now_us() - 2 * DAY)[:13].replace('-', '').replace('T', '')}.json", old)
    stored_loop.put("state.json", json.dumps(state | {"kept_at_us": 0}).encode())

    train(trainer, stored_loop)

    assert min(hours(stored_loop)) > now_us() - DAY - HOUR
