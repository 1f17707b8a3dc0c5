"""How far a trial of automatic optimization is: who, since when, the evidence so far, and about how much is missing."""

from dataclasses import dataclass

from shared.evaluation import trial_verdict
from shared.evaluation.optimization_schedule import analysis_error
from shared.metrics.estimators import trial_sums
from shared.metrics.intervals import CONFIDENCE, Interval
from shared.times import to_iso_second
from shared.training.training_state import State
from shared.training.trial import Trial
from shared.words import pluralize, round_figure


@dataclass(frozen=True, slots=True)
class TrialProgress:
    """The progress of a trial.

    Attributes:
        gain: How much more per event the challenger is estimated to earn; None without events.
        interval: Where the gain is, as of one analysis of these events.
        more_events: About how many more events it takes until the challenger is found better; None if no number can be
            foretold.
    """

    trial: Trial
    gain: float | None
    interval: Interval | None
    more_events: int | None


def measure_trial(state: State | None) -> TrialProgress | None:
    """Measure the progress of the trial that is on; None without one."""
    trial = state.trial if state else None
    if state is None or trial is None or trial.end is not None:
        return None
    sums, largest = trial.sums, trial.exploration.largest_surplus
    gain, error = trial_sums.gain(sums), analysis_error(state.rounds, state.counters.learned)
    interval = trial_sums.interval(sums, largest, CONFIDENCE)
    more_events = trial_verdict.foretell_more_events(sums, largest, error)
    return TrialProgress(trial, gain, interval.with_value(gain) if interval and gain else interval, more_events)


def describe_trial(progress: TrialProgress) -> str:
    """Describe the progress of a trial in sentences."""
    trial, sums = progress.trial, progress.trial.sums
    text = f"{trial.name} of evaluation {trial.id} is on trial since {to_iso_second(trial.begun_us)}"
    if progress.gain is None or progress.interval is None:
        return f"{text}; no event of the trial is joined yet."
    low, high = (round_figure(bound) for bound in progress.interval)
    more = "more" if progress.gain >= 0 else "less"
    earned = f"it earned {round_figure(abs(progress.gain))} {more} per event than the settings in use"
    over = f"over {pluralize(sums.events, 'event', 'events')} (95 % interval {low} to {high})"
    return f"{text}: {earned} {over}. {_outlook(progress)}"


def _outlook(progress: TrialProgress) -> str:
    if progress.more_events is None:
        return f"Nothing can be foretold yet; the trial is analysed next at {progress.trial.analysed_at:,} events."
    return f"If it stays so, its settings are applied after about {progress.more_events:,} more events."
