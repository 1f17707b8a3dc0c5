"""The fields of the service configuration in each version of the API, from their declaration."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from pydantic import Field
from pydantic.alias_generators import to_camel

from shared.configuration.api_field import ApiField
from shared.configuration.forms.apprentice_metrics import ApprenticeMetrics
from shared.configuration.service_configuration import SECRETS, ServiceConfiguration
from shared.web.versions import VERSIONS, Version, since


@dataclass(frozen=True, slots=True)
class DeclaredField:
    """A field of the service configuration, with the API's side of it.

    Attributes:
        name: The field's name in Python.
        kind: The type of the stored value.
    """

    name: str
    kind: Any
    api: ApiField

    @property
    def alias(self) -> str:
        """The field's name in JSON."""
        return self.api.alias or to_camel(self.name)

    @property
    def request_type(self) -> Any:
        """The type in requests; null is for no change."""
        kind, api = _json_type(self.kind), self.api
        if str in (kind, *get_args(kind)):
            return Annotated[str, Field(max_length=api.longest)] | None
        if api.least is not None or api.most is not None:
            kind = Annotated[kind, Field(ge=api.least, le=api.most, **_FINITE.get(kind, {}))]
        return kind | None

    @property
    def description(self) -> str:
        """What the field is for, without the links that the table of the docs has."""
        return _without_links(self.api.meaning)

    @property
    def details(self) -> dict[str, Any]:
        """What the description of the API tells of a field that may be set, beside its type and its meaning.

        `x-rankloop` says which values can be sent, their unit, what the words among them mean, what a new loop has, and
        whether a change makes the model learn anew or the value is a secret.
        """
        api, default = self.api, getattr(ServiceConfiguration(), self.name)
        answered = api.answer(default)
        return {
            "range": _without_links(api.values),
            "unit": api.unit,
            "words": [{"word": word, "meaning": meaning} for word, meaning in api.words.items()],
            "newLoop": api.new_loop or (default if answered is None else answered),
            "learnsAnew": api.learns_anew,
            "secret": self.name in SECRETS,
        }

    @property
    def answer_type(self) -> Any:
        """The type in answers."""
        return self.api.answer_type or _json_type(self.kind)

    @property
    def is_always_answered(self) -> bool:
        """Whether every answer has the field; another one is left out where there is nothing to tell."""
        return type(None) not in get_args(self.answer_type)


_SEE = re.compile(r": \[[^]]*\]\([^)]*\)$")
_LINK = re.compile(r"\[([^]]*)\]\([^)]*\)")
_FINITE: dict[Any, dict[str, Any]] = {float: {"allow_inf_nan": False}}


def _without_links(text: str) -> str:
    """A text for readers without the docs: links become their words, and a reference at the end goes."""
    return _LINK.sub(r"\1", _SEE.sub("", text))


def _json_type(kind: Any) -> Any:
    return str if isinstance(kind, type) and issubclass(kind, StrEnum) else kind


def _list_stored() -> tuple[DeclaredField, ...]:
    """List the stored fields in the order of answers: by version, read-only fields before the others."""
    fields = [
        DeclaredField(name, *get_args(hint))
        for name, hint in get_type_hints(ServiceConfiguration, include_extras=True).items()
        if get_origin(hint) is Annotated
    ]
    names = [version.name for version in VERSIONS]
    return tuple(sorted(fields, key=lambda field: (names.index(field.api.since), field.api.is_settable)))


STORED = _list_stored()
METRICS = DeclaredField(
    "latest_apprentice_mode_metrics",
    ApprenticeMetrics | None,
    ApiField(
        meaning="[How well the loop imitates](#metrics-of-an-apprentice)",
        since="v1.1-preview.1",
        is_settable=False,
    ),
)
"""The one field of answers that is not stored."""


def fields_of(version: Version) -> tuple[DeclaredField, ...]:
    """List the fields of a version's answers, in order."""
    return tuple(field for field in (*STORED, METRICS) if version in since(field.api.since))
