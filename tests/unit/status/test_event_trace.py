"""The trace of an event: what it says of features, chances and rewards, while it waits and in the log."""

import json
from copy import replace
from typing import Any

import pytest

from shared.configuration.configuration import RewardSettings
from shared.configuration.corrections import Correction, RewardFormula
from shared.configuration.reward_aggregation import Aggregation
from shared.configuration.service_configuration import LearningMode
from shared.intake.rows import Observation
from shared.learner import features
from shared.log.log_line import event_line, lone_line
from shared.log.ranked_event import RankedEvent, from_decision, from_multi_slot_decision
from shared.ranking.decision import Decision
from shared.ranking.slots import MultiSlotDecision, Slot, SlotChoice
from shared.status.event_trace import Evidence, trace
from shared.status.now_forms import Now
from shared.status.trace_forms import EventTrace
from shared.times import HOUR, MINUTE

NOT_NOW = Now(chances=None, because="There is no model in use yet.")

AT_US = 1_764_075_000_000_000
CONTEXT: list[Any] = [{"user": "ann", "clock": {"hour": 7}}]
ACTIONS: list[tuple[str, list[Any]]] = [("tea", [{"hot": True}]), ("juice", [{"hot": False}, {"price": 2.5}])]
REWARDS = RewardSettings(10 * MINUTE, 0.25, Aggregation.SUM)


def event(*, deferred: bool = False) -> RankedEvent:
    """A Rank that drew the second action, which had the lower chance."""
    decision = Decision((1, 0), (0.2, 0.8), "m1")
    return from_decision("e", AT_US, features.document(CONTEXT, ACTIONS), decision, deferred=deferred)


def page() -> RankedEvent:
    """A Rank of two slots, of which the first drew the second action, and the second may not show that one."""
    slots = [("top", [{"size": "large"}]), ("side", [])]
    document = features.slots_document(CONTEXT, ACTIONS, slots).log_text([(0, 1), (0,)])
    decision = MultiSlotDecision((SlotChoice((1, 0), (0.9, 0.1)), SlotChoice((0,), (1.0,))), "m1")
    placed = [Slot("top", (0, 1), 1), Slot("side", (0,), 0)]
    return from_multi_slot_decision("e", AT_US, document, decision, placed, deferred=False, mode=LearningMode.ONLINE)


def reward(value: float | None, slot: str | None = None) -> Observation:
    return Observation("e", f"o-{value}-{slot}", AT_US + MINUTE, value, slot)


def trace_waiting(ranked: RankedEvent, *observations: Observation) -> dict[str, Any]:
    """What is answered about an event that is not log yet."""
    return _answer(Evidence([ranked], observations, [], None, 0, ranked.kind, REWARDS))


def trace_logged(ranked: RankedEvent, *observations: Observation) -> dict[str, Any]:
    """What is answered about an event in the log, of which the model has learned."""
    line = event_line(ranked, observations, REWARDS).text
    return _answer(Evidence([], [], [line], None, AT_US + 1, ranked.kind, REWARDS))


def _answer(evidence: Evidence) -> dict[str, Any]:
    (answered,) = json.loads(EventTrace.of("e", trace(evidence), [NOT_NOW]).to_json())["events"]
    return dict(answered)


HALVED = Correction("halved", AT_US, AT_US + MINUTE, formula=RewardFormula(0.5))
BAD = replace(HALVED, id="bad", formula=None)


@pytest.mark.parametrize(
    ("corrections", "state", "worth", "because"),
    [
        ([HALVED], "learned", 1.0, "The model has learned from it. Its rewards are relabelled by halved: why"),
        ([BAD, HALVED], "quarantined", 2.0, "It is in quarantine bad, and in no average: why"),
    ],
)
def test_a_relabel_is_told_with_the_reward_as_it_is_learned_and_a_quarantine_goes_before_it(
    corrections: list[Correction], state: str, worth: float, because: str
) -> None:
    line = event_line(event(), [reward(2.0)], REWARDS).text
    reasons = dict.fromkeys(corrections, "why")

    answer = _answer(Evidence([], [], [line], None, AT_US + 1, event().kind, REWARDS, reasons))

    assert (answer["state"], answer["reward"], answer["because"]) == (state, worth, because)


@pytest.mark.parametrize("tell", [trace_waiting, trace_logged])
def test_context_and_actions_are_those_of_the_request_with_their_chances(tell: Any) -> None:
    """In the order and in the shape in which the client sent them."""
    answer = tell(event())

    assert answer["contextFeatures"] == CONTEXT
    assert answer["actions"] == [
        {"id": "tea", "features": [{"hot": True}], "probability": 0.8},
        {"id": "juice", "features": [{"hot": False}, {"price": 2.5}], "probability": 0.2},
    ]
    assert (answer["rewardActionId"], answer["probability"], answer["model"]) == ("juice", 0.2, "m1")
    assert (answer["explored"], answer["exploredBecause"]) == (
        True,
        "It was drawn although tea had a higher chance, 0.8.",
    )


@pytest.mark.parametrize("tell", [trace_waiting, trace_logged])
def test_each_slot_has_its_features_and_the_chances_of_what_it_could_show(tell: Any) -> None:
    """The event has none of its own."""
    answer = tell(page())

    assert (answer["contextFeatures"], answer["probability"], answer["explored"]) == (CONTEXT, None, None)
    assert [action["probability"] for action in answer["actions"]] == [None, None]
    top, side = answer["slots"]
    assert (top["id"], top["features"], top["explored"]) == ("top", [{"size": "large"}], False)
    assert top["actions"] == [{"id": "tea", "probability": 0.1}, {"id": "juice", "probability": 0.9}]
    assert (side["id"], side["features"], side["actions"]) == ("side", [], [{"id": "tea", "probability": 1.0}])
    assert (top["baselineAction"], top["excludedActions"]) == ("juice", [])
    assert (side["baselineAction"], side["excludedActions"]) == ("tea", ["juice"])


def test_an_apprentice_tells_what_it_drew_in_secret_and_did_not_explore() -> None:
    """It showed the first action."""
    answer = trace_waiting(replace(event(), mode=LearningMode.APPRENTICE))

    assert (answer["rewardActionId"], answer["drawnActionId"], answer["explored"]) == ("tea", "juice", False)


@pytest.mark.parametrize(
    ("came", "worth", "is_default", "because"),
    [
        ([], 0.25, True, "The default reward, since none came in time."),
        ([0.25], 0.25, False, "The reward that came."),
        ([0.0], 0.0, False, "The reward that came."),
        ([1.0, 0.5], 1.5, False, "2 rewards came, and were aggregated to this one."),
    ],
)
def test_the_default_reward_is_distinguished_from_one_that_came(
    came: list[float], worth: float, is_default: bool, because: str
) -> None:
    """A bare number would say the same of both."""
    answer = trace_logged(event(), *map(reward, came))

    assert (answer["reward"], answer["rewardIsDefault"], answer["rewardBecause"]) == (worth, is_default, because)


def test_the_reward_of_each_slot_is_told_by_itself() -> None:
    """One slot's reward says nothing of the other's."""
    top, side = trace_logged(page(), reward(1.0, "top"), reward(1.0, "elsewhere"))["slots"]

    assert (top["reward"], top["rewardIsDefault"]) == (1.0, False)
    assert (side["reward"], side["rewardIsDefault"]) == (0.25, True)


def test_a_waiting_event_says_what_its_reward_will_be() -> None:
    """And so does one that is never worth anything."""
    without, rewarded = trace_waiting(event()), trace_waiting(event(), reward(1.0))
    unlearned = trace_logged(event(deferred=True), reward(1.0))

    assert {(answer["reward"], answer["rewardIsDefault"]) for answer in (without, rewarded, unlearned)} == {
        (None, None)
    }
    assert without["rewardBecause"].endswith("it is the default reward, 0.25.")
    assert "rewards that have come" in rewarded["rewardBecause"]
    assert unlearned["rewardBecause"] == "There is none, for nothing is learned from the event."


def test_older_log_that_may_have_the_event_is_hinted_at() -> None:
    """With the parameter that leads there."""
    evidence = Evidence([], [], [], (1, 2), 0, "cb", REWARDS, has_more=True)
    answers = [
        json.loads(EventTrace.of("e", trace(known), []).to_json())["lookedThrough"]["hint"]
        for known in (evidence, replace(evidence, has_more=False))
    ]

    assert "?at=" in answers[0]
    assert answers[1] is None


def test_what_came_too_late_is_told_with_its_event_and_by_how_much() -> None:
    """In the log and before it; with the last event before it if the id was used again, and not as one of no event."""
    first, again = event(), event()._replace(at_us=AT_US + 20 * MINUTE)
    late = [reward(1.0)._replace(at_us=AT_US + minutes * MINUTE, observation_id=f"o-{minutes}") for minutes in (12, 35)]
    lines = [event_line(first, [], REWARDS).text, lone_line(late[0], late=True)]
    traced = trace(Evidence([again], late[1:], lines, None, AT_US + 1, first.kind, REWARDS, now_us=AT_US + 36 * MINUTE))

    told = [[(each.counts, each.because) for each in found.observations] for found in traced.events]
    assert told == [
        [(False, "It came too late: 2 minutes after the reward wait time of 10 minutes was over.")],
        [(False, "It came too late: 5 minutes after the reward wait time of 10 minutes was over.")],
    ]
    assert traced.lone == ()


def test_what_is_of_no_event_stays_apart() -> None:
    """Its event may come yet, or lie in log that was not looked through."""
    late, early = reward(1.0)._replace(at_us=AT_US + HOUR), reward(1.0)._replace(at_us=AT_US - HOUR)
    unknown = trace(Evidence([], [], [lone_line(late, late=True)], None, 0, "cb", REWARDS))
    before = trace(Evidence([event()], [early], [], None, 0, "cb", REWARDS, now_us=AT_US))

    assert [each.because for each in unknown.lone] == ["It came after the reward wait time."]
    assert [len(each.observations) for each in before.events] == [0]
    assert len(before.lone) == 1


@pytest.mark.parametrize(
    ("minutes", "words"), [(9, "None has come so far."), (11, "None came in time, and the reward")]
)
def test_of_an_event_that_waits_it_is_told_whether_a_reward_can_come_yet(minutes: int, words: str) -> None:
    """The join may be some minutes after the end of the wait; the default that will count is given either way."""
    evidence = Evidence([event()], [], [], None, 0, "cb", REWARDS, now_us=AT_US + minutes * MINUTE)
    answered = _answer(evidence)

    assert answered["rewardBecause"].startswith(words)
    assert "the default reward, 0.25" in answered["rewardBecause"]
    assert ("is over" in answered["because"]) == (minutes > 10)
