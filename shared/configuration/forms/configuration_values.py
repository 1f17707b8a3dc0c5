"""The fields of the service configuration that arrive as texts: which ones are taken, and how they are kept."""

from collections.abc import Callable, Mapping
from typing import Any

from shared import durations
from shared.configuration.configuration import LearningMode
from shared.configuration.reward_aggregation import Aggregation
from shared.times import DAY, SECOND
from shared.web import json_forms
from shared.web.errors import InvalidRewardWaitTime, InvalidServiceConfiguration

_SHORTEST_WAIT_US = 5 * SECOND
_LONGEST_EXPORT_FREQUENCY_US = 30 * DAY
_LONGEST_OPTIMIZATION_FREQUENCY_US = 3650 * DAY
_LONGEST_DATE = 64


def readers(longest_wait_us: int) -> Mapping[str, Callable[[str], Any]]:
    """For each of these fields, by its name in Python, what gives the value that is kept.

    Each raises InvalidServiceConfiguration, or InvalidRewardWaitTime for a wait that is too short or too long.
    """
    return {
        "reward_wait_time": lambda text: _reward_wait_time(text, longest_wait_us),
        "model_export_frequency": _model_export_frequency,
        "reward_aggregation": _aggregation,
        "learning_mode": _learning_mode,
        "auto_optimization_frequency": _auto_optimization_frequency,
        "auto_optimization_start_date": _auto_optimization_start_date,
    }


def _reward_wait_time(text: str, longest_us: int) -> str:
    length_us = _duration(text, "rewardWaitTime")
    if not _SHORTEST_WAIT_US <= length_us <= longest_us:
        shortest, longest = durations.to_iso(_SHORTEST_WAIT_US), durations.to_iso(longest_us)
        raise InvalidRewardWaitTime(f"The wait has to be from {shortest} to {longest}.", "rewardWaitTime")
    return durations.as_sent(text)


def _model_export_frequency(text: str) -> str:
    if not 0 < _duration(text, "modelExportFrequency") <= _LONGEST_EXPORT_FREQUENCY_US:
        longest = durations.to_iso(_LONGEST_EXPORT_FREQUENCY_US)
        raise InvalidServiceConfiguration(f"It has to be more than zero and at most {longest}.", "modelExportFrequency")
    return durations.as_sent(text)


def _auto_optimization_frequency(text: str) -> str:
    length_us = _duration(text, "autoOptimizationFrequency")
    if length_us % DAY or not DAY <= length_us <= _LONGEST_OPTIMIZATION_FREQUENCY_US:
        longest = durations.to_iso(_LONGEST_OPTIMIZATION_FREQUENCY_US)
        problem = f"It has to be whole days, from P1D to {longest}."
        raise InvalidServiceConfiguration(problem, "autoOptimizationFrequency")
    return durations.as_sent(text)


def _auto_optimization_start_date(text: str) -> str:
    field = "autoOptimizationStartDate"
    if len(text) > _LONGEST_DATE:
        raise InvalidServiceConfiguration(f"A moment has at most {_LONGEST_DATE} characters.", field)
    json_forms.moment(text, field, InvalidServiceConfiguration)
    return text


def _duration(text: str, field: str) -> int:
    try:
        return durations.parse(text)
    except ValueError as error:
        raise InvalidServiceConfiguration(f"Not a length of time: {error}.", field) from error


def _aggregation(word: str) -> Aggregation:
    try:
        return Aggregation(word.lower())
    except ValueError:
        known = ", ".join(Aggregation)
        raise InvalidServiceConfiguration(f"It has to be one of {known}.", "rewardAggregation") from None


def _learning_mode(word: str) -> LearningMode:
    known = {mode.lower(): mode for mode in LearningMode}
    if word.lower() not in known:
        raise InvalidServiceConfiguration(f"It has to be one of {', '.join(LearningMode)}.", "learningMode")
    return known[word.lower()]
