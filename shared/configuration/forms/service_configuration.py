"""The service configuration over HTTP: what may be set, and what each version's answers tell of it."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Annotated, Any, ClassVar, Self

import orjson
from pydantic import Field
from pydantic.alias_generators import to_camel

from shared import durations
from shared.configuration import container_sas
from shared.configuration.configuration import ServiceConfiguration
from shared.configuration.forms import configuration_values as values
from shared.times import DAY, to_iso
from shared.web.errors import (
    InvalidLogRetentionDays,
    InvalidModelRetrainDays,
    InvalidRequest,
    InvalidSasUri,
    InvalidServiceConfiguration,
)
from shared.web.json_forms import Wire, from_json
from shared.web.versions import Version

NEVER = "1601-01-01T00:00:00"
"""What the old service told for a date that never came."""

_MOST_DAYS = 2**31 - 1
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_DefaultReward = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
_RetentionDays = Annotated[int, Field(ge=-1, le=_MOST_DAYS)]


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
    learning_mode: str | None = None
    is_auto_optimization_enabled: bool | None = None
    auto_optimization_frequency: str | None = None
    auto_optimization_start_date: str | None = None
    model_retrain_days: int | None = None
    is_inference_explainability_enabled: bool | None = None

    @classmethod
    def of(cls, body: bytes, version: Version) -> Self:
        """Read a body; fields that its version does not have are ignored, as all unknown ones.

        Raises:
            NotJson: The body is no JSON.
            InvalidServiceConfiguration: The JSON has another shape.
        """
        told = from_json(body)
        if isinstance(told, dict):
            told = {name: told[name] for name in version.configuration_fields if name in told}
        return cls.shaped(told)

    def merged(self, stored: ServiceConfiguration, longest_wait_us: int) -> ServiceConfiguration:
        """The stored configuration with the changes; durations as they were sent, time spans as ISO 8601.

        Raises:
            InvalidServiceConfiguration: A field is out of its range.
            InvalidRewardWaitTime: The wait is shorter than 5 s or longer than this deployment takes.
            InvalidLogRetentionDays: Logs would go before their rewards are in.
            InvalidModelRetrainDays: Learning anew would need more log than is kept.
            InvalidSasUri: The log mirror has no container to write to.
        """
        changes: dict[str, Any] = self.model_dump(exclude_none=True)
        for name, read in values.readers(longest_wait_us).items():
            if name in changes:
                changes[name] = read(changes[name])
        merged = replace(stored, **changes)
        _check_retention(merged)
        _check_retraining(merged)
        if {"log_mirror_enabled", "log_mirror_sas_uri"} & changes.keys():
            _check_mirror(merged)
        return merged


def answer(service: ServiceConfiguration, version: Version, metrics: Mapping[str, object] | None = None) -> bytes:
    """The configuration as a version tells it, with the metrics of the loop as an apprentice, if there are any."""
    told = {to_camel(name): value for name, value in asdict(service).items()}
    told["autoOptimizationStartDate"] = service.auto_optimization_start_date or NEVER
    told["lastConfigurationEditDate"] = NEVER if service.last_edit_us is None else to_iso(service.last_edit_us)
    told["latestApprenticeModeMetrics"] = metrics
    return orjson.dumps({name: told[name] for name in version.configuration_fields})


def _check_retention(service: ServiceConfiguration) -> None:
    """Logs stay at least for the reward wait time and a day more, rounded up to days; -1 keeps them for ever."""
    least_days = -(-(durations.parse(service.reward_wait_time) + DAY) // DAY)
    if 0 <= service.log_retention_days < least_days:
        problem = f"With this reward wait time it has to be at least {least_days}, or -1 for ever."
        raise InvalidLogRetentionDays(problem, "logRetentionDays")


def _check_retraining(service: ServiceConfiguration) -> None:
    most_days = _MOST_DAYS if service.log_retention_days < 0 else service.log_retention_days
    if not 0 <= service.model_retrain_days <= most_days:
        problem = f"It has to be from 0 to {most_days}, the days for which logs are kept; it is or would stay"
        raise InvalidModelRetrainDays(f"{problem} {service.model_retrain_days}.", "modelRetrainDays")


def _check_mirror(service: ServiceConfiguration) -> None:
    problem = container_sas.problem(service.log_mirror_sas_uri) if service.log_mirror_enabled else None
    if problem is not None:
        raise InvalidSasUri(f"{problem} With logMirrorEnabled it is needed.", "logMirrorSasUri")
