"""Readers of the texts that set a field of the service configuration: each gives the value to store.

A reader raises ValueError with a sentence for the caller where the text is no value of the field. Hints are sentences
for values that were refused.
"""

from collections.abc import Callable
from enum import StrEnum

from shared import durations
from shared.times import DAY, parse_moment

_LONGEST_EXPORT_FREQUENCY_US = 30 * DAY
_LONGEST_OPTIMIZATION_FREQUENCY_US = 3650 * DAY
_LONGEST_DATE = 64


def read_duration(text: str) -> str:
    """Read a length of time; ISO 8601 stays as it was sent, a .NET time span becomes ISO 8601."""
    _length_us(text)
    return durations.as_sent(text)


def read_export_frequency(text: str) -> str:
    """Read the shortest time between two models: up to 30 days."""
    if not 0 < _length_us(text) <= _LONGEST_EXPORT_FREQUENCY_US:
        longest = durations.to_iso(_LONGEST_EXPORT_FREQUENCY_US)
        raise ValueError(f"It has to be more than zero and at most {longest}.")
    return durations.as_sent(text)


def read_optimization_frequency(text: str) -> str:
    """Read the time between two optimizations: whole days, up to ten years."""
    length_us = _length_us(text)
    if length_us % DAY or not DAY <= length_us <= _LONGEST_OPTIMIZATION_FREQUENCY_US:
        raise ValueError(
            f"It has to be whole days, from P1D to {durations.to_iso(_LONGEST_OPTIMIZATION_FREQUENCY_US)}."
        )
    return durations.as_sent(text)


def read_date(text: str) -> str:
    """Read a moment, which stays as it was sent."""
    if len(text) > _LONGEST_DATE:
        raise ValueError(f"A moment has at most {_LONGEST_DATE} characters.")
    parse_moment(text)
    return text


def hint_at_fraction(sent: object) -> str:
    """What to send instead of a percentage; empty for what is none."""
    if isinstance(sent, bool) or not isinstance(sent, int | float) or not 1 < sent <= 100:
        return ""
    return f"It is a fraction, in spite of its name: for {sent:g} % send {sent / 100:g}."


def word_of[Word: StrEnum](words: type[Word]) -> Callable[[str], Word]:
    """The reader of a word of an enumeration, in upper or lower case."""

    def read(text: str) -> Word:
        for word in words:
            if text.lower() == word.lower():
                return word
        raise ValueError(f"It has to be one of {', '.join(words)}.")

    return read


def _length_us(text: str) -> int:
    try:
        return durations.parse(text)
    except ValueError as error:
        raise ValueError(f"Not a length of time: {error}.") from error
