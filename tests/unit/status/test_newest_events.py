"""The newest Ranks, rewards and activations: which are listed, in which order, and what is said of a Rank."""

import json
from typing import Any

import pytest

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.configuration.service_configuration import LearningMode
from shared.intake.rows import Event, Observation
from shared.learner import features
from shared.log import ranked_event
from shared.log.log_line import event_line, lone_line
from shared.log.ranked_event import RankedEvent
from shared.ranking.decision import Decision
from shared.ranking.slots import MultiSlotDecision, Slot, SlotChoice
from shared.status.newest_events import Entry, Filters, ListedRank, Rank, RewardTimes, read_line, select
from shared.status.newest_forms import NewestEvents, read_filters
from shared.times import HOUR, MINUTE, SECOND
from shared.web.errors import InvalidRequest

AT_US = 1_764_075_000 * SECOND
WAIT_US = 10 * MINUTE
REWARDS = RewardSettings(WAIT_US, 0.5, Aggregation.EARLIEST)
DOCUMENT = features.document([{"user": "ann"}], [("tea", [{"x": 1}]), ("juice", [{"x": 2}])])


def ranked(event_id: str, second: int, *, best: bool = True, **more: Any) -> RankedEvent:
    decision = Decision((0, 1), (0.8, 0.2), "m1") if best else Decision((1, 0), (0.2, 0.8), "m1")
    return ranked_event.from_decision(event_id, AT_US + second * SECOND, DOCUMENT, decision, deferred=False, **more)


def rank(event: RankedEvent, request_hash: str = "r") -> Rank:
    return Rank.of(Event(event.event_id, request_hash, event.at_us, ranked_event.pack(event)), event)


def reward(
    event_id: str, second: int, value: float | None = 1.0, slot: str | None = None, key: str = ""
) -> Observation:
    return Observation(event_id, key or f"{value}-{slot}-{second}", AT_US + second * SECOND, value, slot)


def names(entries: list[Entry]) -> list[str]:
    """What is listed, in order."""
    return [entry.event_id if isinstance(entry, ListedRank) else f"{entry.event_id}={entry.value}" for entry in entries]


def page() -> RankedEvent:
    """A Rank of two slots, of which the second explored."""
    document = features.slots_document([], [("tea", [{"x": 1}]), ("juice", [{"x": 2}])], [("top", []), ("side", [])])
    choices = (SlotChoice((0, 1), (0.9, 0.1)), SlotChoice((1, 0), (0.1, 0.9)))
    slots = [Slot("top", (0, 1), 0), Slot("side", (0, 1), 1)]
    return ranked_event.from_multi_slot_decision(
        "page",
        AT_US,
        document.log_text([(0, 1), (0, 1)]),
        MultiSlotDecision(choices, "m1"),
        slots,
        deferred=False,
        mode=LearningMode.ONLINE,
    )


RANKS = [
    rank(ranked("best", 0)),
    rank(ranked("explored", 10, best=False)),
    rank(ranked("taught", 20, best=False, mode=LearningMode.APPRENTICE)),
    rank(page()),
]
OBSERVATIONS = [
    reward("explored", 12),
    reward("page", 13, 0.5, "side"),
    reward("page", 14, 0.5, "unknown"),
    reward("best", 15, None),
    reward("nobody", 16, 0.0),
]


def test_the_newest_fifty_come_first() -> None:
    """Ranks and rewards together, in whatever order they were read."""
    ranks = [rank(ranked(f"e{number}", number)) for number in range(0, 80, 2)]
    rewards = [reward(f"e{number - 1}", number) for number in range(1, 80, 2)]

    listed = names(select(ranks[::-1], rewards, Filters(), WAIT_US))

    assert listed == [f"e{n}" if n % 2 == 0 else f"e{n - 1}=1.0" for n in range(79, 29, -1)]


@pytest.mark.parametrize(
    ("filters", "listed"),
    [
        (Filters(kind="rank"), {"best", "explored", "taught", "page"}),
        (Filters(kind="reward"), {"explored=1.0", "page=0.5", "nobody=0.0"}),
        (Filters(kind="activation"), {"best=None"}),
        (Filters(id_begin="be"), {"best", "best=None"}),
        (Filters(mode=LearningMode.APPRENTICE), {"taught"}),
        (Filters(explored=True), {"explored", "page"}),
        (Filters(explored=False), {"best", "taught"}),
        (Filters(rewarded=True), {"explored", "page"}),
        (Filters(rewarded=False, mode=LearningMode.ONLINE), {"best"}),
    ],
)
def test_filters_leave_what_they_name(filters: Filters, listed: set[str]) -> None:
    """What only Ranks have leaves Ranks only."""
    assert set(names(select(RANKS, OBSERVATIONS, filters, WAIT_US))) == listed


def test_a_rank_is_listed_with_the_rewards_that_came_so_far() -> None:
    """For each slot its own; what names another slot counts for none."""
    by_id = {entry.event_id: entry for entry in select(RANKS, OBSERVATIONS, Filters("rank"), WAIT_US)}
    page_entry, best = by_id["page"], by_id["best"]

    assert isinstance(page_entry, ListedRank)
    assert isinstance(best, ListedRank)
    assert page_entry.rewards == ((), (0.5,))
    assert (best.rewards, best.activated) == (((),), True)


def test_a_reward_that_came_too_late_is_listed_and_is_not_its_ranks() -> None:
    """The join will say the same."""
    late = reward("best", 10 * 60)

    entry, own = select([rank(ranked("best", 0))], [late], Filters(), WAIT_US)

    assert entry == late
    assert isinstance(own, ListedRank)
    assert own.rewards == ((),)


def test_what_a_client_repeated_is_listed_once() -> None:
    """As it came first; another request under the same id is another Rank."""
    ranks = [rank(ranked("e", 0)), rank(ranked("e", 70)), rank(ranked("e", 75), "other")]
    rewards = [reward("e", 80, key="once"), reward("e", 130, key="once")]

    listed = select(ranks, rewards, Filters(), WAIT_US)

    assert [entry.at_us - AT_US for entry in listed] == [80 * SECOND, 75 * SECOND, 0]


def test_the_log_lists_what_the_rows_did() -> None:
    """Once rows are log, entries say the same as before."""
    settings = RewardSettings(WAIT_US, 0.0, Aggregation.EARLIEST)
    events = [(ranked("explored", 10, best=False), OBSERVATIONS[:1]), (page(), OBSERVATIONS[1:3])]
    lines = [event_line(event, own, settings).text for event, own in events]
    lines.append(lone_line(OBSERVATIONS[4], late=False))
    of_rows = select([RANKS[1], RANKS[3]], [*OBSERVATIONS[:3], OBSERVATIONS[4]], Filters(), WAIT_US)

    of_log = [entry for line in lines for entry in read_line(line, "")]

    assert names(sorted(of_log, key=lambda entry: -entry.at_us)) == names(of_rows)
    assert [(entry.rank.choices, entry.rewards) for entry in of_log if isinstance(entry, ListedRank)] == [
        (entry.rank.choices, entry.rewards) for entry in of_rows if isinstance(entry, ListedRank)
    ]
    assert [read_line(line, "ex") != () for line in lines] == [True, False, False]


@pytest.mark.parametrize("logged", ["shop/1", "shop%2F1", "shop%2f1"])
def test_an_id_is_found_however_its_slash_is_spelled(logged: str) -> None:
    """Earlier versions stored it as it was sent."""
    begin, reward_of_id = read_filters({"eventId": "shop%2F"}).id_begin, reward(logged, 1)
    line = lone_line(reward_of_id, late=False)

    assert select([], [reward_of_id, reward("shop", 2)], Filters(id_begin=begin), WAIT_US) == [reward_of_id]
    assert [read_line(line, id_begin) != () for id_begin in (begin, "shop/2")] == [True, False]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"kind": "event"}, "kind"),
        ({"learningMode": "online"}, "learningMode"),
        ({"explored": "maybe"}, "explored"),
        ({"rewarded": ""}, "rewarded"),
        ({"eventId": "x" * 257}, "eventId"),
        ({"kind": "reward", "explored": "true"}, "kind"),
    ],
)
def test_a_filter_with_a_value_that_it_cannot_have_is_refused_by_its_name(query: dict[str, str], field: str) -> None:
    """An empty list would look like an answer."""
    with pytest.raises(InvalidRequest) as refusal:
        read_filters(query)

    assert refusal.value.place == field


def test_a_reward_that_came_too_late_is_listed_with_its_rank_and_by_how_much() -> None:
    """The Rank is listed, or was found elsewhere; one in time, or of no event that is known, is not late."""
    late, old, early = reward("best", 720, key="late"), reward("old", 60, key="old"), reward("best", 15, key="early")
    entries = select([RANKS[0]], [late, old, early, reward("nobody", 16)], Filters(), WAIT_US)
    times = RewardTimes(REWARDS, AT_US + HOUR, {"old": [AT_US - HOUR]})
    answer = json.loads(NewestEvents.of(entries, 1, "why", times).to_json())

    told = [each for each in answer["entries"] if each["kind"] == "reward"]
    assert [(each["eventId"], each["lateBySeconds"]) for each in told] == [
        ("best", 120.0),
        ("old", 3060.0),
        ("nobody", None),
        ("best", None),
    ]
    assert len({each["rankedAt"] for each in told}) == 3
    assert RewardTimes(REWARDS, 0, {"old": [AT_US - HOUR]}, {("old", "old")}).find_delay_us(old, ()) is None


def test_of_a_rank_it_is_told_whether_a_reward_can_come_yet() -> None:
    """And what counts if none has come; what is log waits no more, whatever the wait is now."""
    waiting, over = (RewardTimes(REWARDS, AT_US + after_us) for after_us in (WAIT_US - 1, WAIT_US))
    (entry,) = select([RANKS[0]], [], Filters(), WAIT_US)
    logged = read_line(event_line(ranked("best", 0), [], REWARDS).text, "")[0]
    answer = json.loads(NewestEvents.of([entry], 1, "why", over).to_json())

    assert isinstance(entry, ListedRank)
    assert isinstance(logged, ListedRank)
    assert [waiting.is_over(entry), over.is_over(entry), waiting.is_over(logged)] == [False, True, True]
    assert (answer["entries"][0]["rewardWaitIsOver"], answer["defaultReward"]) == (True, 0.5)
