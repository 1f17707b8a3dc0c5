"""Objects that are stored as JSON, with the members that a newer version of the code has put there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_HIDDEN: Mapping[str, Any] = {"exclude": True, "validation_alias": "\0"}
"""For pydantic: the field itself is not written to JSON, nor read from a member of its name."""


def _members() -> Any:
    return field(default_factory=dict, compare=False, repr=False, metadata=_HIDDEN)


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredObject:
    """An object of a stored document; `json_documents` reads and writes it, and says what becomes of unknown members.

    Attributes:
        unknown: Members of the JSON object that this version has no field for, by name. Two objects are equal whatever
            these are.
    """

    unknown: Mapping[str, Any] = _members()


@dataclass(slots=True, kw_only=True)
class GrowingStoredObject:
    """A `StoredObject` whose fields can be changed in place."""

    unknown: Mapping[str, Any] = _members()
