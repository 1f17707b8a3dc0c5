"""Which lines of the log are in quarantine, and what relabels make of others."""

import json
import timeit
from dataclasses import replace
from typing import Any

import pytest

from shared.configuration.configuration import RewardSettings
from shared.configuration.corrections import CorrectedFeature, Correction, RewardFormula
from shared.configuration.reward_aggregation import Aggregation
from shared.configuration.service_configuration import LearningMode
from shared.evaluation.evaluation import EvaluatedLog
from shared.evaluation.replay.log_reader import EventReader
from shared.intake.rows import Observation
from shared.log import ranked_line
from shared.log.corrected_lines import CorrectedLines
from shared.log.line_pieces import EventLine
from shared.log.log_line import event_line, lone_line
from shared.log.ranked_event import RankedEvent
from shared.log.redaction import FeatureTarget
from shared.times import MINUTE, SECOND

AT_US = 1_764_075_000 * SECOND
REWARDS = RewardSettings(10 * MINUTE, 0.0, Aggregation.EARLIEST)
SUM = RewardSettings(10 * MINUTE, -1.0, Aggregation.SUM)
ALL = Correction("all", AT_US, AT_US + MINUTE)
ACTIONS = [{"i": {"constant": 1, "id": name}, "j": [{"size": name}]} for name in ("soup", "salad", "cake")]


def line(at_us: int = AT_US, mode: LearningMode = LearningMode.ONLINE, **context: Any) -> bytes:
    """An event in which the salad was drawn."""
    document = json.dumps({"FromUrl": [context], "_multi": ACTIONS}, separators=(",", ":")).encode()
    event = RankedEvent("e", at_us, document, b"[2,1,3]", b"[0.6,0.2,0.2]", "m", deferred=False, mode=mode)
    return event_line(event, [], REWARDS).text


def slots_line() -> bytes:
    """An event with the cake in its first slot, and the soup in its second."""
    slots = [{"_id": name, "s": [{"id": name}]} for name in ("top", "side")]
    document = json.dumps({"FromUrl": [{}], "_multi": ACTIONS, "_slots": slots}, separators=(",", ":")).encode()
    chances = b"[[0.6,0.2,0.2],[0.5,0.5]]"
    event = RankedEvent(
        "e", AT_US, document, b"[[2,0,1],[0,1]]", chances, "m", False, slots=("top", "side"), baselines=(0, 1)
    )
    return event_line(event, [], REWARDS).text


def holds(correction: Correction, text: bytes) -> bool:
    return CorrectedLines([correction]).is_quarantined(text)


@pytest.mark.parametrize(
    ("at_us", "expected"), [(AT_US - 1, False), (AT_US, True), (AT_US + MINUTE - 1, True), (AT_US + MINUTE, False)]
)
def test_events_of_the_range_are_in_quarantine(at_us: int, expected: bool) -> None:
    """Up to its end, which is not in it."""
    assert holds(ALL, line(at_us)) is expected


@pytest.mark.parametrize(
    ("text", "shown"),
    [(line(), {"salad"}), (line(mode=LearningMode.APPRENTICE), {"soup"}), (slots_line(), {"cake", "soup"})],
    ids=["drawn", "apprentice", "slots"],
)
def test_the_action_of_a_quarantine_is_that_which_was_shown(text: bytes, shown: set[str]) -> None:
    """An apprentice shows the first one, whatever was drawn; of several slots, any of them."""
    names = {action["i"]["id"] for action in ACTIONS}

    assert {name for name in names if holds(replace(ALL, action_id=name), text)} == shown


@pytest.mark.parametrize(
    ("feature", "expected"),
    [
        (CorrectedFeature("page", "start"), True),
        (CorrectedFeature("page", "end"), False),
        (CorrectedFeature("page", "start", "place"), True),
        (CorrectedFeature("page", "start", "user"), False),
        (CorrectedFeature("place.page", "start"), True),
        (CorrectedFeature("user.page", "start"), False),
        (CorrectedFeature("action.size", "cake"), True),
        (CorrectedFeature("old", True), True),
        (CorrectedFeature("old", 1), False),
        (CorrectedFeature("size", "cake"), True),
        (CorrectedFeature("id", "cake"), False),
    ],
)
def test_a_feature_is_compared_as_a_redaction_compares_it(feature: CorrectedFeature, expected: bool) -> None:
    """In the context and in all actions, by name, value and namespace; an action's id is no feature."""
    text = line(place={"page": "start"}, old=True)

    assert holds(replace(ALL, feature=feature), text) is expected
    redacted = FeatureTarget(feature.name, feature.value, feature.namespace).redact(text)
    assert (redacted != text) is expected


def test_the_features_of_an_event_are_read_once_for_all_corrections() -> None:
    """A hundred robots with numbers for names would hold up the join: each event took a third of a second."""
    text = line(user=7, **{f"seen{number}": number for number in range(1000)})

    def seconds(corrections: int) -> float:
        robots = [
            replace(ALL, id=str(number), feature=CorrectedFeature("user", 100 + number))
            for number in range(corrections)
        ]
        lines = CorrectedLines(robots)
        return min(timeit.repeat(lambda: lines.find(text), number=3, repeat=5))

    assert seconds(100) < 20 * seconds(1)


def test_rewards_without_event_and_what_is_no_line_are_in_no_quarantine() -> None:
    lone = lone_line(Observation("e", "x" * 22, AT_US, 1.0), late=True)

    assert [holds(ALL, text) for text in (lone, b"", b'{"_label_cost":-1.0,"cut', b"[]")] == [False] * 4


SCALED = replace(ALL, id="scaled", formula=RewardFormula(0.5))
CLIPPED = replace(ALL, id="clipped", formula=RewardFormula(high=0.75))


def rewarded(*values: float, mode: LearningMode = LearningMode.ONLINE) -> EventLine:
    """An event with rewards, which are added up."""
    document = json.dumps({"FromUrl": [{}], "_multi": ACTIONS}, separators=(",", ":")).encode()
    event = RankedEvent("e", AT_US, document, b"[2,1,3]", b"[0.6,0.2,0.2]", "m", deferred=False, mode=mode)
    observations = [Observation("e", "x" * 21 + str(place), AT_US + place, value) for place, value in enumerate(values)]
    return event_line(event, observations, SUM)


@pytest.mark.parametrize(
    ("corrections", "values", "expected"),
    [
        ([SCALED], (2.0, 4.0), 3.0),
        ([CLIPPED], (2.0, 0.5), 1.25),
        ([SCALED, CLIPPED], (2.0, 1.0), 1.25),
        ([CLIPPED, SCALED], (2.0, 1.0), 0.75),
        ([SCALED], (), -1.0),
        ([replace(SCALED, action_id="soup")], (2.0,), 2.0),
    ],
)
def test_relabels_revise_each_reward_that_came(
    corrections: list[Correction], values: tuple[float, ...], expected: float
) -> None:
    """Before they are aggregated, one relabel after the other; the default reward, which never came, stays."""
    line = rewarded(*values)

    corrected = CorrectedLines(corrections).correct(line, SUM)

    assert corrected.line.reward == expected
    assert (corrected.quarantined, corrected.relabelled) == (False, expected != line.reward)
    before, after = json.loads(line.text), json.loads(corrected.line.text)
    assert (after["_label_cost"], after["_original_label_cost"]) == (-expected, -expected)
    assert {name: value for name, value in after.items() if not name.endswith("cost")} == {
        name: value for name, value in before.items() if not name.endswith("cost")
    }


def test_an_apprentice_goes_on_to_learn_imitation_from_what_is_relabelled() -> None:
    line = rewarded(2.0, mode=LearningMode.APPRENTICE)

    corrected = CorrectedLines([SCALED]).correct(line, SUM)

    fields = json.loads(corrected.line.text)
    assert (fields["_label_cost"], fields["_original_label_cost"]) == (0.0, -1.0)


def test_each_slot_has_its_rewards_relabelled() -> None:
    event, _ = ranked_line.read(slots_line())
    rows = [Observation("e", f"{slot:x<22}", AT_US + 1, 4.0, slot) for slot in ("top", "side")]
    line = event_line(event, rows, SUM)

    corrected = CorrectedLines([SCALED]).correct(line, SUM)

    assert [outcome["_label_cost"] for outcome in json.loads(corrected.line.text)["_outcomes"]] == [-2.0, -2.0]
    assert corrected.line.reward == 2.0


def test_what_is_in_quarantine_is_not_relabelled() -> None:
    corrected = CorrectedLines([ALL, SCALED]).correct(line := rewarded(2.0), SUM)

    assert corrected == (line, True, False)


def test_evaluations_use_relabelled_rewards() -> None:
    log = EvaluatedLog(0, AT_US * 2, "cb", SUM, (SCALED,))

    [(event, learned)] = EventReader(log, None).events([rewarded(2.0, 4.0).text])

    assert event.choices[0].reward == 3.0
    assert json.loads(learned)["_label_cost"] == -3.0


def test_evaluations_count_events_in_quarantine_and_use_none() -> None:
    """By the corrections that they have had since their creation."""
    lines = [line(AT_US + number * 20 * SECOND) for number in range(6)]
    log = EvaluatedLog(0, AT_US * 2, "cb", REWARDS, (replace(ALL, action_id="salad"),))
    reader = EventReader(log, None)

    used = [event.at_us for event, _ in reader.events(lines)]

    assert used == [AT_US + number * 20 * SECOND for number in (3, 4, 5)]
    assert (reader.lines.read, reader.lines.used, reader.lines.quarantined) == (6, 3, 3)
