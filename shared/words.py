"""Sentences with numbers and lists of names."""

from collections.abc import Sequence

_MOST_NAMES = 5


def pluralize(number: int, singular: str, plural: str) -> str:
    """Write a number with its noun, such as `1 event` or `2 events`."""
    return f"{number} {singular if number == 1 else plural}"


def list_names(names: Sequence[str]) -> str:
    """Write the first few names, and how many more there are."""
    text = ", ".join(names[:_MOST_NAMES])
    return text if len(names) <= _MOST_NAMES else f"{text} and {len(names) - _MOST_NAMES} more"
