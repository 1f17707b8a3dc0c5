"""What the status tells of a trial."""

from dataclasses import replace

import pytest

from shared.configuration.configuration import new_configuration
from shared.metrics.estimators.trial_sums import TrialSums
from shared.models.published import Published
from shared.status import run_record
from shared.status.optimization_text import describe_optimization
from shared.status.run_record import TrainingRun
from shared.status.trial_progress import describe_trial, measure_trial
from shared.training.configuration_changes import new_state
from shared.training.cursor import Counters, empty_cursor
from shared.training.training_state import State
from shared.training.trial import Trial
from tests.unit.status.test_run_record import inputs, record_of

NOW_US = 1_764_000_000_000_000
_FIRST = new_configuration(4)
LOOP = replace(_FIRST, service=replace(_FIRST.service, is_auto_optimization_enabled=True))


def on_trial(sums: TrialSums, learned: int = 8_000) -> State:
    """A loop with a challenger on trial."""
    exploration = LOOP.trial_exploration
    assert exploration is not None
    trial = Trial("auto-2", "Hyper2", "--x", empty_cursor(LOOP, 0, 0), exploration, NOW_US, sums)
    return replace(new_state(LOOP, Published()), trial=trial, counters=Counters(learned=learned))


def events(number: int, better: float) -> TrialSums:
    """Half of the events speak for the challenger, which earns so much more in them, half for the settings in use."""
    half = number // 2
    paid = round(half * better)
    return TrialSums.of([*[(1.0, 1.0)] * paid, *[(1.0, 0.0)] * (half - paid), *[(-1.0, 0.0)] * half])


def test_a_trial_without_events_tells_who_and_since_when() -> None:
    progress = measure_trial(on_trial(TrialSums()))

    assert progress is not None
    assert (progress.gain, progress.interval, progress.more_events) == (None, None, None)
    assert describe_trial(progress) == (
        "Hyper2 of evaluation auto-2 is on trial since 2025-11-24T16:00:00Z; no event of the trial is joined yet."
    )


def test_a_trial_tells_its_evidence_and_what_is_missing() -> None:
    """Enough is what an analysis takes, so that as many more events are found to be enough, and few are not."""
    sums = events(1_000, 0.06)
    progress = measure_trial(on_trial(sums))

    assert progress is not None
    assert progress.gain == pytest.approx(0.03, abs=0.001)
    assert progress.interval is not None
    assert progress.interval.low < progress.gain < progress.interval.high
    assert progress.more_events is not None
    told = describe_trial(progress)
    assert "it earned 0.03 more per event than the settings in use over 1,000 events (95 % interval " in told
    assert told.endswith(f"its settings are applied after about {progress.more_events:,} more events.")
    later = measure_trial(on_trial(sums.times(1 + progress.more_events / 1_000)))
    assert later is not None
    assert later.more_events is not None
    assert later.more_events < progress.more_events / 5


@pytest.mark.parametrize("better", [0.0, 0.004])
def test_what_may_be_chance_foretells_nothing(better: float) -> None:
    progress = measure_trial(on_trial(events(500, better)))

    assert progress is not None
    assert progress.more_events is None
    assert describe_trial(progress).endswith("Nothing can be foretold yet; the trial is analysed next at 250 events.")


def test_a_trial_that_has_ended_is_told_no_more() -> None:
    state = on_trial(events(500, 0.1))
    assert state.trial is not None

    assert measure_trial(replace(state, trial=state.trial.stop("It was not ahead."))) is None
    assert measure_trial(None) is None


def test_it_stands_between_the_last_search_and_the_next() -> None:
    state = on_trial(events(500, 0.1))

    told = describe_optimization(state.rounds, LOOP, 8_000, NOW_US, measure_trial(state))

    assert told is not None
    assert 0 < told.index("is on trial since") < told.index("The next optimization round comes")


def test_the_record_of_a_run_has_it() -> None:
    state = on_trial(events(1_000, 0.06))

    trial = record_of(TrainingRun(NOW_US, 1.0), run_record.summarize(inputs(state)))["trial"]

    progress = measure_trial(state)
    assert progress is not None
    assert trial == {
        "evaluation": "auto-2",
        "events": 1_000,
        "gain": progress.gain,
        "interval": list(progress.interval or ()),
        "moreEvents": progress.more_events,
    }
    assert record_of(TrainingRun(NOW_US, 1.0), run_record.summarize(inputs(None)))["trial"] is None
