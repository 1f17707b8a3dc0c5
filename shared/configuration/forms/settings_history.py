"""The history of settings over HTTP."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field, WithJsonSchema
from pydantic.alias_generators import to_camel

from shared.configuration.forms.declared_fields import STORED
from shared.configuration.settings_change import Act, ChangedValue, SettingsChange, Value
from shared.web.json_forms import Moment, Wire

_NAMES = {field.name: field.alias for field in STORED}


class FromTo(Wire):
    """A field that was changed."""

    name: str
    from_: Annotated[Value, Field(alias="from")]
    to: Value

    @classmethod
    def of(cls, value: ChangedValue) -> "FromTo":
        """A field under its name in the API."""
        return cls(name=_NAMES.get(value.name, to_camel(value.name)), from_=value.before, to=value.after)


class HistoryEntry(Wire):
    """A change: who made it, by what call, and what it changed."""

    at: Moment
    by: str
    act: Annotated[str, WithJsonSchema({"enum": [*Act], "title": "Act", "type": "string"})]
    about: str | None
    request: str | None
    changed: list[FromTo]

    @classmethod
    def of(cls, change: SettingsChange) -> "HistoryEntry":
        """An entry of the answer."""
        return cls(
            at=change.at_us,
            by=change.by,
            act=change.act,
            about=change.about or None,
            request=change.request or None,
            changed=[FromTo.of(value) for value in change.values],
        )


class History(Wire):
    """Changes, the newest first; with the address of the next page, if there is one."""

    changes: list[HistoryEntry]
    next_link: str | None = None


def answer(changes: Sequence[SettingsChange], next_link: str | None) -> bytes:
    """The body of an answer with a page of changes, newest first."""
    more = {} if next_link is None else {"next_link": next_link}
    return History(changes=[HistoryEntry.of(change) for change in changes], **more).to_json()
