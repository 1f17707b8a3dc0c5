"""A change of the service configuration over HTTP: which fields may be set, and to which values."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Self

from pydantic import Field, create_model

from shared import durations
from shared.configuration import container_sas
from shared.configuration.forms.declared_fields import STORED, DeclaredField, fields_of
from shared.configuration.service_configuration import MOST_DAYS, ServiceConfiguration
from shared.times import SECOND
from shared.web.errors import (
    InvalidLogRetentionDays,
    InvalidModelRetrainDays,
    InvalidRequest,
    InvalidRewardWaitTime,
    InvalidSasUri,
    InvalidServiceConfiguration,
)
from shared.web.json_bodies import from_json
from shared.web.json_forms import Wire
from shared.web.versions import Version

_SHORTEST_WAIT_US = 5 * SECOND
_SETTABLE = {field.name: field for field in STORED if field.api.is_settable}


class _Change(Wire):
    refusal: ClassVar[type[InvalidRequest]] = InvalidServiceConfiguration

    @classmethod
    def of(cls, body: bytes, version: Version) -> Self:
        """Read a body; fields that its version does not have are ignored, as all unknown fields are.

        Raises:
            NotJson: The body is no JSON.
            InvalidServiceConfiguration: The JSON has another shape.
        """
        parsed = from_json(body)
        if not isinstance(parsed, dict):
            return cls.from_parsed(parsed)
        parsed = {field.alias: parsed[field.alias] for field in fields_of(version) if field.alias in parsed}
        try:
            return cls.from_parsed(parsed)
        except InvalidServiceConfiguration as refusal:
            raise _with_hint(refusal, parsed) from None

    def merge_into(self, stored: ServiceConfiguration, longest_wait_us: int) -> ServiceConfiguration:
        """Change the stored configuration; durations stay as sent, .NET time spans become ISO 8601.

        Raises:
            InvalidServiceConfiguration: A field is out of its range.
            InvalidRewardWaitTime: The wait is shorter than 5 s or longer than this deployment takes.
            InvalidLogRetentionDays: Logs would go before their rewards are in.
            InvalidModelRetrainDays: Learning anew would need more log than is kept.
            InvalidSasUri: The log mirror has no container to write to.
        """
        sent = self.model_dump(exclude_none=True)
        if "reward_wait_time" in sent:
            _check_wait(_value_of(_SETTABLE["reward_wait_time"], sent["reward_wait_time"]), longest_wait_us)
        changed = replace(
            stored, **{name: _choose(_SETTABLE[name], value, getattr(stored, name)) for name, value in sent.items()}
        )
        _check_retention(changed)
        _check_retraining(changed)
        if {"log_mirror_enabled", "log_mirror_sas_uri"} & sent.keys():
            _check_mirror(changed)
        return changed


_TYPES: dict[str, Any] = {
    name: (
        field.request_type,
        Field(None, description=field.description, json_schema_extra={"x-rankloop": field.details}),
    )
    for name, field in _SETTABLE.items()
}
ServiceConfigurationRequest = create_model(
    "ServiceConfigurationRequest",
    __base__=_Change,
    __module__=__name__,
    __doc__="A change of the configuration; what is not sent, or sent as null, keeps its value.",
    **_TYPES,
)


def _with_hint(refusal: InvalidServiceConfiguration, sent: Mapping[str, Any]) -> InvalidServiceConfiguration:
    """A refusal, and what the caller may have meant."""
    hints = (field.api.hint(sent[field.alias]) for field in _SETTABLE.values() if field.alias == refusal.place)
    return InvalidServiceConfiguration(" ".join(filter(None, (refusal.problem, *hints))), refusal.place)


def _value_of(field: DeclaredField, sent: Any) -> Any:
    try:
        return field.api.read(sent)
    except ValueError as error:
        raise InvalidServiceConfiguration(str(error), field.alias) from error


def _choose(field: DeclaredField, sent: Any, stored: Any) -> Any:
    """The value to store; a stored number that is told as what was sent stays: earlier versions kept 64 bits."""
    value = _value_of(field, sent)
    return stored if isinstance(stored, float) and field.api.answer(stored) == value else value


def _check_wait(wait: str, longest_us: int) -> None:
    if not _SHORTEST_WAIT_US <= durations.parse(wait) <= longest_us:
        shortest, longest = durations.to_iso(_SHORTEST_WAIT_US), durations.to_iso(longest_us)
        raise InvalidRewardWaitTime(f"The wait has to be from {shortest} to {longest}.", "rewardWaitTime")


def _check_retention(service: ServiceConfiguration) -> None:
    """Logs stay at least for the reward wait time and a day more, rounded up to days.

    -1 keeps them for ever, and 0, which clients send that set nothing, as long as learning needs.
    """
    least_days = service.shortest_days
    if 0 < service.log_retention_days < least_days:
        problem = (
            f"With this reward wait time it has to be at least {least_days}, -1 for ever, or 0 for as long as learning "
            "needs."
        )
        raise InvalidLogRetentionDays(problem, "logRetentionDays")


def _check_retraining(service: ServiceConfiguration) -> None:
    most_days = service.log_retention_days if service.log_retention_days > 0 else MOST_DAYS
    if not 0 <= service.model_retrain_days <= most_days:
        problem = f"It has to be from 0 to {most_days}, the days for which logs are kept; it is or would stay"
        raise InvalidModelRetrainDays(f"{problem} {service.model_retrain_days}.", "modelRetrainDays")


def _check_mirror(service: ServiceConfiguration) -> None:
    problem = container_sas.problem(service.log_mirror_sas_uri) if service.log_mirror_enabled else None
    if problem is not None:
        raise InvalidSasUri(f"{problem} With logMirrorEnabled it is needed.", "logMirrorSasUri")
