"""The API's side of a field of the service configuration: what its declaration has beside type and default."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


def _identity(value: Any) -> Any:
    return value


def _no_hint(_: Any) -> str:
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiField:
    """The API's side of one field: request, answer, OpenAPI and the table in `docs/api.md` follow from it.

    Attributes:
        meaning: What the field is for, as the table says it.
        values: Which values can be sent, as the table says it; empty where the type says enough.
        unit: What the value counts: `fraction` (from 0 to 1), `days`, `duration` (a text), `moment` (a text); empty for
            none.
        words: The words that can be sent, and what each means; empty where it is no choice of words.
        since: The first version of the API that has the field.
        least: The lowest number that is accepted.
        most: The highest number that is accepted.
        longest: The most characters of a text that is accepted.
        read: Gives the value to store for the one that was sent; raises ValueError with a sentence.
        hint: Gives a sentence for a value that was refused, on what the caller may have meant; empty if there is none.
        learns_anew: Whether a change makes the model learn anew.
        is_settable: False for a field that only answers have.
        alias: The field's name in JSON, if that is not the Python name in camelCase.
        new_loop: What a new loop has, in words, where that is another value in each loop.
        answer: Gives the value to answer for the one that is stored; None leaves the field out of the answer.
        answer_type: The type of the answer, if that is not the type of the field.
    """

    meaning: str
    values: str = ""
    unit: str = ""
    words: Mapping[str, str] = field(default_factory=dict)
    since: str = "v1.0"
    least: float | None = None
    most: float | None = None
    longest: int = 256
    read: Callable[[Any], Any] = _identity
    hint: Callable[[Any], str] = _no_hint
    learns_anew: bool = False
    is_settable: bool = True
    alias: str = ""
    new_loop: str = ""
    answer: Callable[[Any], Any] = _identity
    answer_type: Any = None
