"""What a part adds to the metrics by actions and by context features, against sums over its events one by one."""

import json
import random
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.configuration.configuration import new_configuration
from shared.configuration.service_configuration import LearningMode
from shared.intake.rows import Observation
from shared.learner import features
from shared.log.corrected_lines import CorrectedLines
from shared.log.log_line import event_line, lone_line
from shared.log.ranked_event import RankedEvent, from_decision, from_multi_slot_decision
from shared.metrics import breakdown
from shared.metrics.bins import FINE_US, Details, merge
from shared.metrics.breakdown import MOST_ACTIONS, MOST_FEATURES, MOST_VALUES, STEP_US, Step
from shared.metrics.growing_step import GrowingStep
from shared.metrics.shards import combine_details
from shared.metrics.tally import Tally
from shared.ranking.decision import decide
from shared.ranking.slots import Slot
from shared.ranking.slots import decide as fill
from shared.times import HOUR, MINUTE, SECOND
from train_timer.last_day import read_details

START_US = 490_000 * HOUR
REWARDS = new_configuration(4).rewards
MODES = (LearningMode.ONLINE, LearningMode.ONLINE, LearningMode.APPRENTICE, LearningMode.LOGGING_ONLY)
TRICKS: Sequence[dict[str, Any]] = (
    {"i": {"constant": 1, "id": "fake"}},
    {"list": [1, 2]},
    {"text": '],"_multi":[{"i":{"constant":1,"id":"fake'},
    {"kind": 'é\\ü"'},
)
type Joined = tuple[RankedEvent, Observation | None]


def rank(
    event_id: str,
    at_us: int,
    context: Sequence[Mapping[str, Any]],
    chances: Sequence[float] = (0.1, 0.8, 0.1),
    model_id: str = "m",
    mode: LearningMode = LearningMode.ONLINE,
    trick: Mapping[str, Any] | None = None,
) -> RankedEvent:
    """The event of a Rank with some chances; `trick` is among the features of its first action."""
    names = [f'a"{place}' for place in range(len(chances))]
    actions = [
        (name, [{"x": place}, *([dict(trick)] if trick and not place else [])]) for place, name in enumerate(names)
    ]
    document = features.document([dict(group) for group in context], actions)
    return from_decision(event_id, at_us, document, decide(chances, model_id, event_id, "l"), deferred=False, mode=mode)


def page(event_id: str, at_us: int, context: Sequence[Mapping[str, Any]], mode: LearningMode) -> RankedEvent:
    """The event of a multi-slot Rank."""
    slots = (Slot("top", (0, 2), 2), Slot("side", (1, 2), 1))
    actions = [(f'a"{place}', [{"x": place}]) for place in range(3)]
    document = features.slots_document([dict(group) for group in context], actions, [(slot.id, []) for slot in slots])
    text = document.log_text([slot.allowed for slot in slots])
    return from_multi_slot_decision(event_id, at_us, text, fill(slots, event_id, "m"), slots, deferred=False, mode=mode)


def lively(seed: int, events: int) -> list[Joined]:
    """Events of an hour or more with all that a document may hold, each perhaps with a reward."""
    chance, joined = random.Random(seed), list[Joined]()
    for number in range(events):
        at_us = START_US + number * 97 * SECOND
        context: list[Mapping[str, Any]] = [{"user": {"name": f"u{chance.randrange(4)}", "vip": chance.random() < 0.5}}]
        if chance.random() < 0.5:
            context.append(chance.choice(TRICKS))
        if chance.random() < 0.3:
            context.append({"day": chance.choice([1, 1.0, True, "1", None]), "user": {"age": chance.randrange(9)}})
        mode, event_id = chance.choice(MODES), f"e{seed}-{number}"
        likely = chance.choice([0.4, 0.5, 0.8])
        shares = [likely, *[(1 - likely) / 3] * 3][: chance.randrange(1, 5)]
        chances = [share / sum(shares) for share in chance.sample(shares, len(shares))]
        model = chance.choice(["N/A", "m", "m", "other"])
        if mode is LearningMode.LOGGING_ONLY:
            chances = [1.0, *[0.0] * (len(shares) - 1)]
        event = rank(event_id, at_us, context, chances, model, mode, chance.choice([None, *TRICKS]))
        if mode is not LearningMode.LOGGING_ONLY and chance.random() < 0.2:
            event = page(event_id, at_us, context, mode)
        value = chance.choice([None, 0.0, 1.0, 0.25, -2.0, 5000.0])
        slot = "top" if event.slots else None
        joined.append((event, None if value is None else Observation(event_id, f"{number:032}", at_us, value, slot)))
    return joined


def details_of(events: Iterable[Joined]) -> Details:
    """What a part of these events adds, as the join adds it."""
    tally = Tally(0.2)
    for event, observation in events:
        line = event_line(event, [observation] if observation else [], REWARDS)
        tally.add_event(event, event.kind, line)
    return tally.freeze(START_US).details or Details()


def lines_of(events: Iterable[Joined]) -> list[bytes]:
    """The log of the same."""
    return [
        event_line(event, [observation] if observation else [], REWARDS).text + b"\n" for event, observation in events
    ]


def sum_actions(events: Iterable[Joined]) -> dict[tuple[int, str], list[float]]:
    """Count and rewards by step and shown action, from parsed documents."""
    sums: dict[tuple[int, str], list[float]] = {}
    for event, reward in ((event, _reward(observation)) for event, observation in events):
        ids = [action["i"]["id"] for action in json.loads(event.document)["_multi"]]
        shown = event.shown[0][0]
        cell = sums.setdefault((event.at_us // STEP_US * STEP_US, ids[shown if event.slots else shown - 1]), [0, 0.0])
        cell[0] += 1
        cell[1] += reward
    return sums


def sum_values(events: Iterable[Joined]) -> dict[tuple[int, str, str], int]:
    """Count by step, feature and value."""
    counts: dict[tuple[int, str, str], int] = {}
    for event, _ in events:
        flat: dict[str, Any] = {}
        for group in json.loads(event.document)["FromUrl"]:
            flatten(group, "", flat)
        for name, value in flat.items():
            if not isinstance(value, list):
                key = (event.at_us // STEP_US * STEP_US, name, json.dumps(value, ensure_ascii=False))
                counts[key] = counts.get(key, 0) + 1
    return counts


def flatten(group: Mapping[str, Any], path: str, flat: dict[str, Any]) -> None:
    """Add the features of an object by their paths."""
    for name, value in group.items():
        if isinstance(value, dict):
            flatten(value, f"{path}{name}.", flat)
        else:
            flat[path + name] = value


def _reward(observation: Observation | None) -> float:
    return min(max(observation.value or 0.0, -1000.0), 1000.0) if observation else 0.0


def plain(details: Details) -> Any:
    """The sums, rounded: in which order numbers are added up is seen in their last digits."""
    return _rounded([details.bins, details.breakdown.steps])


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 6)
    if isinstance(value, tuple | list):
        return [_rounded(element) for element in value]
    if isinstance(value, Mapping):
        return {name: _rounded(element) for name, element in sorted(value.items())}
    if hasattr(value, "__dataclass_fields__"):
        return {name: _rounded(getattr(value, name)) for name in value.__dataclass_fields__ if name != "unknown"}
    return value


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6))
def test_the_sums_are_those_of_parsed_documents(seed: int) -> None:
    """Whatever features look like the pieces by which ids are cut out of a document."""
    events = lively(seed, 60)

    steps = details_of(events).breakdown.steps

    actions = {
        (step.from_us, name): [cell.events, cell.rewards] for step in steps for name, cell in step.actions.items()
    }
    assert _rounded(actions) == _rounded(sum_actions(events))
    values = {
        (step.from_us, name, value): cell.events
        for step in steps
        for name, cells in step.features.items()
        for value, cell in cells.items()
    }
    assert values == sum_values(events)
    assert {name for step in steps for name in step.varied} <= {"list"}
    assert sum(step.total.events for step in steps) == len(events)


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10**6), st.lists(st.integers(1, 59), max_size=4), st.integers(1, 4))
def test_they_are_the_same_in_any_split(seed: int, cuts: list[int], shards: int) -> None:
    """By parts, one after the other, and by shards of a part."""
    events = lively(seed, 60)
    whole = details_of(events)
    ends = [0, *sorted(set(cuts)), len(events)]
    parts = [details_of(events[first:last]) for first, last in pairwise(ends)]
    by_shard = combine_details([details_of(events[shard::shards]) for shard in range(shards)]) or Details()
    steps = breakdown.merge(step for part in parts for step in part.breakdown.steps)
    bins = merge(a_bin for part in parts for a_bin in part.bins)

    assert _rounded([bins, steps]) == plain(whole) == plain(by_shard)


@settings(deadline=None, max_examples=10)
@given(st.integers(0, 10**6))
def test_the_log_gives_the_same(seed: int) -> None:
    """So what was not written is read from it."""
    events = lively(seed, 60)
    lone = Observation("nobody", "0" * 32, START_US + 5 * MINUTE, 1.0)
    joined = details_of(events)

    read = read_details(iter([*lines_of(events), lone_line(lone, late=True) + b"\n"]), 0, CorrectedLines(()), None)

    (late,) = [a_bin for a_bin in read.bins if a_bin.outcomes.late]
    assert late.from_us == START_US + 5 * MINUTE
    assert sum(a_bin.joined for a_bin in read.bins) == len(events)
    assert _rounded(read.breakdown) == _rounded(joined.breakdown)
    assert _rounded(read.lift) == _rounded(joined.lift)
    assert {a_bin.from_us % FINE_US for a_bin in read.bins} == {0}


def test_of_the_log_what_was_deleted_is_not_counted() -> None:
    """A log blob may begin before the deletion."""
    events = lively(3, 20)

    read = read_details(iter(lines_of(events)), events[8][0].at_us, CorrectedLines(()), None)

    assert sum(step.total.events for step in read.breakdown.steps) == 12


def test_numbers_ids_and_free_texts_are_varied() -> None:
    """Whether all their values came in one step or in one hour, or one is long; their names are all that is held."""
    contexts = [{"id": f"u{n}", "price": n / 7, "few": n % 3, "text": "x" * 101 if n == 9 else "x"} for n in range(50)]
    events: list[Joined] = [
        (rank(f"{n}", START_US + n * MINUTE, [context]), None) for n, context in enumerate(contexts)
    ]

    steps = details_of(events).breakdown.steps

    assert {step.varied for step in steps} == {("id", "price", "text")}
    assert {name for step in steps for name in step.features} == {"few"}
    assert MOST_VALUES < 50


def test_names_and_actions_are_bounded() -> None:
    """Actions beyond the bound are counted together."""
    events: list[Joined] = []
    for n in range(MOST_ACTIONS + 20):
        document = features.document([{f"n{n % 50:02}": 1}], [(f"a{n}", [{"x": 1}])])
        event = from_decision(f"{n}", START_US + n, document, decide([1.0], "m", f"{n}", "l"), deferred=False)
        events += [(event, None)] * (2 if n > 60 else 1)

    (step,) = details_of(events).breakdown.steps

    assert sorted(step.features) == [f"n{n:02}" for n in range(MOST_FEATURES)]
    assert len(step.actions) == MOST_ACTIONS
    assert step.others.events == 20
    assert step.total.events == len(events)


def test_large_contexts_are_not_held() -> None:
    """Else five minutes of large events would be in memory, however small the pieces are in which they are joined."""
    step, size = GrowingStep(START_US), 100_000

    for n in range(100):
        step.add_context(b'[{"few":%d,"id":%d,"text":"%b"}]' % (n % 3, n, b"x" * size), [1, 0.0, 0.0])

    assert sum(map(len, step.contexts)) < 20 * size
    assert [cell.events for cell in step.freeze().features["few"].values()] == [34, 33, 33]


def test_pairs_are_of_one_model_and_of_different_contexts() -> None:
    """And the later event could have had the earlier one's most probable action."""
    mostly = ((0.8, 0.1, 0.1), (0.1, 0.8, 0.1))

    def choices(*events: tuple[str, int, str]) -> tuple[int, int]:
        ranked = [
            (rank(f"{n}", START_US + n, [{"user": user}], mostly[best], model), None)
            for n, (user, best, model) in enumerate(events)
        ]
        sums = details_of(ranked).breakdown.choices
        return sums.pairs, sums.same

    assert choices(("u", 0, "m"), ("v", 0, "m"), ("u", 1, "m")) == (2, 1)
    assert choices(("u", 0, "m"), ("u", 0, "m")) == (0, 0)
    assert choices(("u", 0, "m"), ("v", 0, "n")) == (0, 0)
    assert choices(("u", 0, "N/A"), ("v", 0, "N/A")) == (0, 0)
    lonely = rank("x", START_US + 1, [{"user": "v"}], (1.0,))
    other = features.document([{"user": "w"}], [("b", [{"x": 1}]), ("c", [{"x": 2}])])
    without = from_decision("y", START_US + 2, other, decide((0.9, 0.1), "m", "y", "l"), deferred=False)
    first = rank("z", START_US, [{"user": "u"}], mostly[0])
    assert details_of([(first, None), (lonely, None), (without, None)]).breakdown.choices.pairs == 0


def test_a_document_of_another_form_is_counted() -> None:
    """It has no context and no action that could be named."""
    event = RankedEvent("e", START_US, b"{}", b"[2,1]", b"[0.5,0.5]", "m", deferred=False)

    (step,) = details_of([(event, None)]).breakdown.steps

    assert (step.total.events, step.others.events) == (1, 1)
    assert step == Step(START_US, total=step.total, others=step.others)
