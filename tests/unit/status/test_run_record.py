"""The record of a run, and when it says that the model in use lacks events."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.configuration.configuration import Configuration, new_configuration
from shared.metrics.bins import Bin, Metrics, Pending
from shared.metrics.policy_sums import PolicySums
from shared.models.published import ModelFiles, ModelReference, Published, Start
from shared.status import run_record
from shared.status.learning_status import StatusInputs, Waiting
from shared.status.run_record import LoopSummary, TrainingRun
from shared.times import DAY, HOUR, MINUTE, SECOND
from shared.training.configuration_changes import new_state
from shared.training.cursor import Counters
from shared.training.training_state import LastRun, State

NOW_US = 1_764_075_000 * SECOND
GRACE_US, WAIT_US, CELL_US = MINUTE, 10 * MINUTE, 5 * MINUTE
_CONFIGURATION = new_configuration(4)
_STORED = ModelFiles("s", "1", "p", "2", 100)
_MODEL = ModelReference("m-1", "p", "2", "s", "--x", 1, NOW_US - HOUR, 100, NOW_US - 20 * MINUTE)
_NEW, _NONE = Published(), Waiting()
_COUNTS = st.integers(0, 10**6)
_REWARDS = st.floats(-1000, 1000, allow_nan=False)


def state_of_trained_loop(**changes: Any) -> State:
    """A loop that has learned all of its log, which ends now, and published that 20 minutes ago."""
    state = new_state(_CONFIGURATION, _NEW)
    running = replace(state.running, model=_STORED, learned_up_to_us=NOW_US)
    whole = replace(state, running=running, joined_up_to_us=NOW_US, published_at_us=NOW_US - 20 * MINUTE)
    return replace(whole, counters=Counters(events=100, learned=100), **changes)


def inputs(
    state: State | None,
    waiting: Waiting = _NONE,
    model: ModelReference | None = _MODEL,
    configuration: Configuration = _CONFIGURATION,
    start: Start = Start(),  # noqa: B008
) -> StatusInputs:
    """At a fixed moment."""
    return StatusInputs(state, configuration, Published(start=start, model=model), waiting, NOW_US, GRACE_US)


def pending(part_us: int, kind: str = "cb", learnable: int = 1) -> Metrics:
    """Sums with events that no model has learned yet."""
    return Metrics(pending=(Pending(part_us, part_us, kind, learnable, 1),))


def record_of(run: TrainingRun, summary: LoopSummary | None = None) -> Any:
    """The record of a run, read back."""
    return json.loads(run_record.line("default", run, summary))


def periods(inputs: StatusInputs) -> float | None:
    """Update periods since the last model."""
    return run_record.summarize(inputs).update_periods


# Nothing yet is null


def test_of_a_run_that_storage_ended_nothing_is_claimed() -> None:
    """A 0 would say that nothing waits."""
    record = record_of(TrainingRun(NOW_US, 1.0, problem="storage answered 403"))

    unknown = {name for name, value in record.items() if value is None}
    assert unknown == set(run_record._SUMMARY_KEYS)
    assert record["problem"] == "storage answered 403"


def test_an_average_of_no_events_is_null() -> None:
    """Of the loop and of both other policies."""
    rewards = record_of(TrainingRun(NOW_US, 1.0))["rewards"]

    assert {"loop", "firstAction", "random"} == set(rewards)
    assert all(figures == {"sum": 0.0, "events": 0, "average": None} for figures in rewards.values())


def test_a_policy_that_some_event_cannot_speak_for_is_null() -> None:
    """As in the metrics: an estimate over the other events would be biased."""
    sums = Bin(0, events=4, rewards=2.0, first=PolicySums(rewards=3.0), random=PolicySums(silent=1, rewards=1.0))

    rewards = record_of(TrainingRun(NOW_US, 1.0, sums=sums))["rewards"]

    assert rewards["firstAction"] == {"sum": 3.0, "events": 4, "average": 0.75}
    assert rewards["random"] == {"sum": 0.0, "events": 0, "average": None}


def test_without_any_event_no_period_is_counted() -> None:
    """There is no model to wait for."""
    assert periods(inputs(new_state(_CONFIGURATION, _NEW), model=None)) is None
    assert periods(inputs(None, model=None)) is None


@given(st.lists(st.tuples(_COUNTS, _REWARDS, _REWARDS, _REWARDS), min_size=1, max_size=20))
def test_averages_of_several_runs_follow_from_their_sums(runs: list[tuple[int, float, float, float]]) -> None:
    """Sum of sums by sum of events, whatever the runs' sizes: a mean of averages would be another number."""
    sums = [
        Bin(0, events=n, rewards=a, first=PolicySums(rewards=b), random=PolicySums(rewards=c)) for n, a, b, c in runs
    ]

    records = [record_of(TrainingRun(NOW_US, 1.0, sums=bin_))["rewards"] for bin_ in sums]

    for policy, place in (("loop", 1), ("firstAction", 2), ("random", 3)):
        assert sum(record[policy]["events"] for record in records) == sum(run[0] for run in runs)
        assert sum(record[policy]["sum"] for record in records) == sum(run[place] for run in runs)
        for record in records:
            assert (record[policy]["average"] is None) == (record[policy]["events"] == 0)


@given(st.text(), st.text())
def test_a_record_is_one_line_whatever_is_in_it(loop: str, problem: str) -> None:
    """And begins with the text that the queries filter by."""
    line = run_record.line(loop, TrainingRun(NOW_US, 1.0, problem=problem), None)

    assert "\n" not in line
    assert line.isascii()
    assert line.startswith('{"record":"rankloop.run"')


@given(st.builds(Counters, *[_COUNTS] * len(Counters.__slots__)))
def test_each_outcome_of_events_has_its_name(counted: Counters) -> None:
    """And joined and learned beside them."""
    record = record_of(TrainingRun(NOW_US, 1.0, counted))

    assert (record["joined"], record["learned"]) == (counted.events, counted.learned)
    assert record["events"] == {
        "learned": counted.learned,
        "notActivated": counted.not_activated,
        "refused": counted.refused,
        "passedOver": counted.passed_over,
        "answeredOtherwise": counted.answered_otherwise,
        "quarantined": counted.quarantined,
        "late": counted.late,
        "matchedRewards": counted.rewards,
        "dangling": counted.dangling,
    }


# Periods


def test_periods_count_from_the_last_model() -> None:
    """Twenty minutes are four periods of five; a model put by hand counts, too."""
    by_hand = replace(_MODEL, made_at_us=NOW_US - 10 * MINUTE)

    assert periods(inputs(state_of_trained_loop())) == 4
    assert periods(inputs(state_of_trained_loop(), model=by_hand)) == 2
    assert periods(inputs(state_of_trained_loop(), model=None)) == 4


def test_before_the_first_model_periods_count_from_when_the_first_event_was_ready() -> None:
    """The end of its cell, its wait, the grace."""
    first_us = NOW_US - NOW_US % CELL_US - HOUR
    ready_us = first_us + CELL_US + WAIT_US + GRACE_US
    fresh = new_state(_CONFIGURATION, _NEW)
    joined = replace(fresh, metrics=Metrics(bins=(Bin(first_us - DAY), Bin(first_us, joined=3))))

    assert periods(inputs(fresh, Waiting(1, False, first_us), model=None)) == (NOW_US - ready_us) / CELL_US
    assert periods(inputs(joined, model=None)) == (NOW_US - ready_us) / CELL_US
    assert periods(inputs(fresh, Waiting(1, False, NOW_US), model=None)) == 0


def test_events_whose_sums_are_put_away_are_not_forgotten() -> None:
    """Events came, so it is not null."""
    state = replace(
        new_state(_CONFIGURATION, _NEW), counters=Counters(events=3), last_run=LastRun(NOW_US - HOUR, NOW_US, 3, 0)
    )

    assert periods(inputs(state, model=None)) == 12


@given(st.integers(1, 30 * DAY), st.integers(SECOND, 2 * DAY))
def test_an_update_period_is_as_long_as_the_grid_and_the_export_frequency_want(wait_us: int, often_us: int) -> None:
    """A long wait makes long cells, and no model comes within one."""
    service = replace(
        _CONFIGURATION.service,
        reward_wait_time=f"PT{wait_us // SECOND + 1}S",
        model_export_frequency=f"PT{often_us // SECOND}S",
    )
    configuration = replace(_CONFIGURATION, service=service)

    period_us = run_record.update_period_us(configuration)

    assert period_us >= configuration.export_frequency_us
    assert period_us >= configuration.rewards.wait_us // 16
    assert period_us <= max(configuration.export_frequency_us, configuration.rewards.wait_us // 16 + 1, SECOND)


# Unpublished


def test_all_is_published_when_no_event_is_ready() -> None:
    """Events that wait for their rewards are no fault."""
    assert not run_record.is_unpublished(inputs(state_of_trained_loop()))
    assert not run_record.is_unpublished(inputs(state_of_trained_loop(), Waiting(5, False, NOW_US)))
    assert not run_record.is_unpublished(inputs(None, model=None))


def test_an_event_that_is_ready_and_not_joined_is_unpublished() -> None:
    """From the end of its wait and grace on, and not before."""
    first_us = NOW_US - NOW_US % CELL_US - CELL_US
    ready_us = first_us + CELL_US + WAIT_US + GRACE_US
    waits = inputs(state_of_trained_loop(), Waiting(1, False, first_us))

    assert not run_record.is_unpublished(replace(waits, now_us=ready_us))
    assert run_record.is_unpublished(replace(waits, now_us=ready_us + 1))


def test_an_event_that_is_joined_and_not_learned_is_unpublished() -> None:
    """If the running model learns such events, and they can be learned from, and are still there."""
    behind = state_of_trained_loop()
    behind = replace(behind, running=replace(behind.running, learned_up_to_us=NOW_US - HOUR))
    deleted = replace(_CONFIGURATION, logs_deleted_before_us=NOW_US)

    def is_unpublished(metrics: Metrics, configuration: Configuration = _CONFIGURATION) -> bool:
        return run_record.is_unpublished(inputs(replace(behind, metrics=metrics), configuration=configuration))

    assert is_unpublished(pending(NOW_US - HOUR))
    assert not is_unpublished(pending(NOW_US - HOUR - 1))
    assert not is_unpublished(pending(NOW_US - HOUR, kind="cb-apprentice"))
    assert not is_unpublished(pending(NOW_US - HOUR, learnable=0))
    assert not is_unpublished(pending(NOW_US - HOUR), deleted)


def test_a_learned_model_that_is_not_published_is_unpublished_after_a_period() -> None:
    """Before, the model export frequency holds it back, which is as the owner wants it."""
    other = replace(_MODEL, predictor_blob="older")

    def is_unpublished(ago_us: int, start: Start = Start()) -> bool:  # noqa: B008
        state = state_of_trained_loop()
        return run_record.is_unpublished(
            inputs(replace(state, published_at_us=NOW_US - ago_us), model=other, start=start)
        )

    assert is_unpublished(CELL_US)
    assert not is_unpublished(CELL_US - 1)
    assert not is_unpublished(CELL_US, Start(newest=True, learned_up_to_us=NOW_US))


def test_a_first_model_that_is_not_published_is_unpublished_at_once() -> None:
    """Nothing holds it back."""
    assert run_record.is_unpublished(inputs(state_of_trained_loop(published_at_us=None), model=None))
