"""Cleans features that would harm Vowpal Wabbit: some are refused, the others are made harmless.

VW crashes on a name that starts outside ASCII, takes names that start with an underscore for commands, and answers
nonsense for huge numbers. Cleaning makes a copy without any of that, in which long arrays of numbers are projected to
32 numbers; features that are fine are not cleaned at all.
"""

from typing import Any

from shared.errors import LoopError
from shared.log.array_projection import LONGEST, LONGEST_AS_SENT, PROJECTED, project
from shared.log.feature_names import MAX_NAME, cut
from shared.log.feature_numbers import clip

MAX_FEATURES = 400
"""In the context and in each action; an array counts as the numbers that are learned, an empty object as one."""
MAX_TEXT = 256
"""Longer texts are cut."""
MAX_DEPTH = 6
"""Objects inside objects that are nested deeper are left out."""
_NUMBERS = frozenset((int, float))


class InvalidFeatures(LoopError):
    """Features that the API does not take.

    Attributes:
        reason: What is wrong, in words that follow the place.
        place: Where in the request, such as `actions[3].features[0].price`.
    """

    def __init__(self, reason: str, place: str) -> None:
        self.reason = reason
        self.place = place
        super().__init__(f"{place} {reason}")


def is_plain(name: str) -> bool:
    """Whether VW takes the name as a name: it starts with a printable ASCII character that is neither space nor `_`."""
    return "!" <= name[:1] <= "~" and name[0] != "_"


def clean(groups: list[Any], place: str, *, nulls: bool) -> list[dict[str, Any]]:
    """Copy feature objects without what can harm or mislead VW; a cleaned copy cleans to itself.

    Args:
        groups: The value of a `features` or `contextFeatures` field, as parsed from JSON.
        place: Where the field is in the request.
        nulls: Whether null entries are left out; else they are refused.

    Raises:
        InvalidFeatures: What the old service refused: entries that are no objects, empty names, arrays that hold
            anything but numbers; arrays of more than `LONGEST` numbers; and more features than can be allowed, as soon
            as that is certain.
    """
    cleaner = _Cleaner(place)
    entries = ((group, f"{place}[{index}]") for index, group in enumerate(groups) if group is not None or not nulls)
    return [cleaner.clean_object(_demand_object(group, at), at, depth=1) for group, at in entries]


def is_usable(name: str) -> bool:
    """Whether a name can stay as it is: VW takes it as a name, and it is not too long."""
    return len(name) <= MAX_NAME and is_plain(name)


class _Cleaner:
    """Cleans the features of one field; ends early after more entries than any allowed number of features needs."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._entries_left = MAX_FEATURES * 2 * (MAX_DEPTH + 1)

    def clean_object(self, features: dict[str, Any], place: str, depth: int) -> dict[str, Any]:
        self._take(1)
        cleaned: dict[str, Any] = {}
        for name, value in features.items():
            if not name:
                raise InvalidFeatures("has a feature without a name", place)
            if name[0] == "_":
                continue
            cleaned_value = self._value(value, f"{place}.{name[:40]}", depth)
            if cleaned_value is not None:
                self._take(1)
                cleaned.setdefault(_name(name, features), cleaned_value)
        return cleaned

    def _value(self, value: Any, place: str, depth: int) -> Any:
        match value:
            case None | bool():
                return value
            case str():
                return value[:MAX_TEXT]
            case int() | float():
                return clip(value)
            case dict():
                return self.clean_object(value, place, depth + 1) if depth < MAX_DEPTH else None
            case list():
                return self._array(value, place)
        raise InvalidFeatures("must be a text, number, boolean, object or array of numbers", place)

    def _array(self, values: list[Any], place: str) -> list[float]:
        if len(values) <= LONGEST_AS_SENT:
            self._take(len(values))
            return [clip(number) or 0 for number in _demand_numbers(values, place)]
        self._take(PROJECTED)
        if len(values) > LONGEST:
            raise InvalidFeatures(f"has {len(values)} numbers; {LONGEST} are allowed in an array", place)
        return project(_demand_numbers(values, place))

    def _take(self, entries: int) -> None:
        self._entries_left -= entries
        if self._entries_left < 0:
            raise InvalidFeatures(f"has more than {MAX_FEATURES} features", self._place)


def _demand_object(group: Any, place: str) -> dict[str, Any]:
    if not isinstance(group, dict):
        raise InvalidFeatures("must not be null" if group is None else "must be an object of features", place)
    return group


def _demand_numbers(values: list[Any], place: str) -> list[float]:
    if _NUMBERS.issuperset(map(type, values)):
        return values
    for index, value in enumerate(values):
        if type(value) not in (int, float):
            raise InvalidFeatures("must be a number: arrays of features hold numbers only", f"{place}[{index}]")
    return values


def _name(name: str, features: dict[str, Any]) -> str:
    """A name that VW takes as a name, that is not too long, and that no other feature has."""
    if is_plain(name):
        return cut(name)
    changed = f"~{name}"
    return cut(f"~{changed}" if changed in features else changed)
