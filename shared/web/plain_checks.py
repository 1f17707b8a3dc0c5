"""Checks of parsed JSON that let pass what is plainly in order, so that most bodies of Ranks and rewards need no model.

What a check lets pass, the model of the same body takes as well, and reads nothing else from it. What a check does not
let pass is for the model to judge, which takes some of it and says what is wrong with the rest.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Self

from shared.web.json_bodies import MAX_ID, is_carried_by_paths

type Check = Callable[[Any], bool]
"""Of the value of a field."""


class Fields(NamedTuple):
    """The fields of an object.

    Attributes:
        checks: By the names in JSON; by names in Python, which models take as well, nothing passes.
        required: Those that have to be there.
    """

    checks: Mapping[str, Check]
    required: frozenset[str]

    @classmethod
    def of(cls, **checks: Check) -> Self:
        """The fields of checks by the names in Python; a field whose check lets null pass may also be left out."""
        in_json = {_camel(name): check for name, check in checks.items()}
        required = frozenset(name for name, check in in_json.items() if not check(None))
        return cls(dict.fromkeys(checks, _is_nothing) | in_json, required)


def is_object(value: Any, fields: Fields) -> bool:
    """Whether a value is an object whose fields all pass; it may have others."""
    if type(value) is not dict or not fields.required <= value.keys():
        return False
    checks = fields.checks
    for name, member in value.items():  # noqa: SIM110  a generator takes twice the time
        if name in checks and not checks[name](member):
            return False
    return True


def is_list(value: Any, most: int, check: Check, least: int = 0) -> bool:
    """Whether a value is a list of so many elements that all pass."""
    return type(value) is list and least <= len(value) <= most and all(map(check, value))


def is_id(value: Any) -> bool:
    """Whether a value is an id."""
    return type(value) is str and 0 < len(value) <= MAX_ID


def is_event_id(value: Any) -> bool:
    """Whether a value is the id of an event, which a path will have to carry."""
    return is_id(value) and is_carried_by_paths(value)


def optional(check: Check) -> Check:
    """Make a check that also lets null pass."""
    return lambda value: value is None or check(value)


def is_optional_bool(value: Any) -> bool:
    """Whether a value is true, false or null."""
    return value is None or type(value) is bool


def _is_nothing(_: Any) -> bool:
    return False


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
