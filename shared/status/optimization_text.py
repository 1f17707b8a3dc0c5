"""Automatic optimization in words: the last search for better learning settings, and the next."""

from math import isfinite

from shared.configuration.configuration import Configuration
from shared.configuration.service_configuration import LearningMode
from shared.evaluation.optimization_schedule import (
    FIRST_EVENTS,
    OptimizationRounds,
    next_round_events,
    next_round_us,
    start_us,
    why_disabled,
)
from shared.status.trial_progress import TrialProgress, describe_trial
from shared.times import to_iso_second
from shared.words import pluralize


def describe_optimization(
    rounds: OptimizationRounds,
    configuration: Configuration,
    learned: int,
    now_us: int,
    trial: TrialProgress | None = None,
) -> str | None:
    """Say how often the loop searched for better settings, what is on trial, and when it searches next.

    Args:
        learned: Events that the loop has learned from.
        trial: The trial that is on; None without one.

    Returns:
        None if optimization is off.
    """
    if why_disabled(configuration) is not None:
        return None
    sentences = [_last(rounds), *([describe_trial(trial)] if trial else [])]
    sentences.append(_next(rounds, configuration, learned, now_us))
    if configuration.service.learning_mode is LearningMode.APPRENTICE:
        sentences.append("In Apprentice mode a round only reports what it finds; nothing is changed.")
    return " ".join(sentences)


def _last(rounds: OptimizationRounds) -> str:
    last = rounds.last
    if last is None:
        return "Better learning settings were not searched yet."
    times = pluralize(last.number, "time", "times")
    return (
        f"Better learning settings were searched {times}, the last time at {to_iso_second(last.at_us)} "
        f"(evaluation {last.evaluation_id})."
    )


def _next(rounds: OptimizationRounds, configuration: Configuration, learned: int, now_us: int) -> str:
    if (from_us := start_us(configuration)) > now_us:
        return f"Before {to_iso_second(from_us)}, the autoOptimizationStartDate, no further optimization round begins."
    events, at_us = next_round_events(rounds), next_round_us(rounds, configuration, learned)
    if learned < FIRST_EVENTS or not isfinite(at_us):
        return f"The next optimization round comes at {events:,} learned events; {learned:,} were learned so far."
    at = f"The next optimization round comes at {to_iso_second(round(at_us))}"
    return f"{at}, or at {events:,} learned events." if isfinite(events) else f"{at}."
