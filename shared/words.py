"""Sentences with numbers and lists of names."""

from collections.abc import Sequence
from decimal import Decimal

_MOST_NAMES = 5
_DIGITS = 2
_NOISE = 9
"""Digits behind the point of which the last ones are not of what was computed."""


def pluralize(number: int, singular: str, plural: str) -> str:
    """Write a number with its noun, such as `1 event` or `1,206 events`."""
    return f"{number:,} {singular if number == 1 else plural}"


def round_figure(value: float) -> str:
    """Write a figure with two digits and no exponent, such as `0.081`; what computing alone makes of a zero is 0."""
    return f"{Decimal(f'{round(value, _NOISE):.2g}') + 0:f}"


def round_up(count: float) -> int:
    """Round up to two digits."""
    if count <= 10:
        return 10
    unit: int = 10 ** (len(str(int(count))) - _DIGITS)
    return int(-(-count // unit)) * unit


def list_names(names: Sequence[str]) -> str:
    """Write the first few names, and how many more there are."""
    text = ", ".join(names[:_MOST_NAMES])
    return text if len(names) <= _MOST_NAMES else f"{text} and {len(names) - _MOST_NAMES} more"
