"""The service configuration over HTTP: what may be set, and what each version's answers tell of it."""

from dataclasses import asdict, replace
from typing import Annotated, Any, ClassVar

import orjson
from pydantic import Field
from pydantic.alias_generators import to_camel

from shared.contract.errors import (
    InvalidLogRetentionDays,
    InvalidRequest,
    InvalidRewardWaitTime,
    InvalidServiceConfiguration,
)
from shared.contract.versions import Version
from shared.contract.wire import Wire
from shared.loop import durations
from shared.loop.aggregation import Aggregation
from shared.loop.configuration import ServiceConfiguration
from shared.loop.times import DAY, SECOND

_SHORTEST_WAIT_US = 5 * SECOND
_LONGEST_EXPORT_FREQUENCY_US = 30 * DAY
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_DefaultReward = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
_RetentionDays = Annotated[int, Field(ge=-1, le=2**31 - 1)]


class ServiceConfigurationRequest(Wire):
    """A change of the configuration; what is not sent, or sent as null, keeps its value."""

    refusal: ClassVar[type[InvalidRequest]] = InvalidServiceConfiguration

    reward_wait_time: str | None = None
    default_reward: _DefaultReward | None = None
    reward_aggregation: str | None = None
    exploration_percentage: _Share | None = None
    model_export_frequency: str | None = None
    log_mirror_enabled: bool | None = None
    log_mirror_sas_uri: str | None = None
    log_retention_days: _RetentionDays | None = None

    def merged(self, stored: ServiceConfiguration, longest_wait_us: int) -> ServiceConfiguration:
        """The stored configuration with the changes; durations as they were sent, time spans as ISO 8601.

        Raises:
            InvalidServiceConfiguration: A field is out of its range.
            InvalidRewardWaitTime: The wait is shorter than 5 s or longer than this deployment takes.
            InvalidLogRetentionDays: Logs would go before their rewards are in.
        """
        changes: dict[str, Any] = self.model_dump(exclude_none=True)
        if self.reward_wait_time is not None:
            changes["reward_wait_time"] = _reward_wait_time(self.reward_wait_time, longest_wait_us)
        if self.model_export_frequency is not None:
            changes["model_export_frequency"] = _model_export_frequency(self.model_export_frequency)
        if self.reward_aggregation is not None:
            changes["reward_aggregation"] = _aggregation(self.reward_aggregation)
        merged = replace(stored, **changes)
        _check_retention(merged)
        return merged


def answer(service: ServiceConfiguration, version: Version) -> bytes:
    """The configuration as a version tells it."""
    told = {to_camel(name): value for name, value in asdict(service).items()}
    return orjson.dumps({name: told[name] for name in version.configuration_fields})


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


def _check_retention(service: ServiceConfiguration) -> None:
    """Logs stay at least for the reward wait time and a day more, rounded up to days; -1 keeps them for ever."""
    least_days = -(-(durations.parse(service.reward_wait_time) + DAY) // DAY)
    if 0 <= service.log_retention_days < least_days:
        problem = f"With this reward wait time it has to be at least {least_days}, or -1 for ever."
        raise InvalidLogRetentionDays(problem, "logRetentionDays")
