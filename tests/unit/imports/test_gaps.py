"""What a log cannot teach, and which settings follow from what it can."""

from dataclasses import replace
from typing import Any

import pytest

from shared.configuration.configuration import INITIAL_ARGUMENTS
from shared.evaluation.evaluation import Policy, Source
from shared.evaluation.replay.evaluated_events import EvaluatedChoice, EvaluatedEvent
from shared.imports.gaps import list_gaps
from shared.imports.survey import Survey
from shared.imports.verdict import NEW_LOOP, JudgedPolicy, choose
from shared.metrics.intervals import Interval

MINE = "--cb_explore_adf --squarecb"


def survey(events: int = 200, **changed: Any) -> Survey:
    """A log that can teach something, but for what is changed."""
    result = Survey()
    for number in range(events):
        facts = {"action": number % 2, "reward": number % 3 / 2, "exploration": 0.2, "device": number % 4} | {
            name: value(number) if callable(value) else value for name, value in changed.items()
        }
        choice = EvaluatedChoice("", facts["action"], 0.5, facts["reward"], 2, 0.1, facts["exploration"], 0)
        features = {
            "FromUrl": [{"device": facts["device"], "place": {"town": facts.get("town", number)}}],
            "_multi": [{"i": {"id": "tea"}}, {"i": {"id": "juice"}}],
        }
        result.add(
            EvaluatedEvent(number, 1.0, (choice,)),
            features,
            has_reward=False,
            earned=facts.get("earned", facts["reward"]),
        )
    return result


def test_of_a_log_that_can_teach_nothing_is_said() -> None:
    assert list_gaps(survey()) == []


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"events": 0}, "No event of the log could be used"),
        ({"events": 50}, "too few events: 50"),
        ({"earned": 0.0}, "have a label that is not what was earned"),
        ({"exploration": 0.0}, "There was no exploration"),
        ({"exploration": lambda number: 0.2 * (number % 4 > 0)}, "In 25 % of the events some action had no chance"),
        ({"action": 1}, "Only one action was ever shown, juice"),
        ({"reward": 0.0}, "No event has a reward"),
        ({"reward": 0.5}, "All events earned the same, 0.5"),
        ({"reward": lambda number: float(number % 20 == 0)}, "too few rewards: 10 of 200 events"),
        ({"device": 1}, "1 feature of the context never changes (device)"),
        ({"device": 1, "town": "here"}, "No feature of the context ever changes"),
    ],
)
def test_what_is_missing_is_said(changed: dict[str, Any], sentence: str) -> None:
    assert sentence in " ".join(list_gaps(survey(**changed)))


def test_actions_that_were_never_shown_are_named() -> None:
    log = survey()
    log.offered["water"] = 200

    assert "1 action was never shown (water)" in " ".join(list_gaps(log))


def judged(name: str, above: float, low: float) -> JudgedPolicy:
    """A policy that earns more than what was done, perhaps for certain."""
    interval = Interval(low, 2 * above - low)
    policy = Policy(name, MINE, Source.CUSTOM)
    return JudgedPolicy(policy, 500.0, 100.0, 0.3, Interval(0.2, 0.4), above, interval, True, low > 0, None)


def test_the_best_of_those_that_are_better_for_certain_is_chosen() -> None:
    chosen = choose([judged("doubtful", 0.5, -0.1), judged("good", 0.1, 0.05), judged("better", 0.2, 0.01)])

    assert (chosen.name, chosen.arguments) == ("better", MINE)
    assert "+0.2000 an event more than what was done" in chosen.because


def test_without_certainty_the_settings_of_a_new_loop_are_chosen() -> None:
    """With the highest estimate, so that its owner sees what more events may show."""
    chosen = choose([judged("doubtful", 0.5, -0.1), judged("other", 0.1, -0.2)])

    assert (chosen.name, chosen.arguments) == (NEW_LOOP, INITIAL_ARGUMENTS)
    assert "Highest estimate: doubtful" in chosen.because


def test_nothing_is_concluded_where_actions_had_no_chance() -> None:
    chosen = choose([replace(judged("blind", 0.5, 0.1), is_answerable=False, is_certain=False)])

    assert chosen.arguments == INITIAL_ARGUMENTS
    assert "cannot say of any settings" in chosen.because
