"""Words for numbers and names."""

from collections.abc import Sequence

_MOST = 5


def counted(number: int, one: str, many: str) -> str:
    """A number and what it counts, such as `1 event` or `2 events`."""
    return f"{number} {one if number == 1 else many}"


def listed(names: Sequence[str]) -> str:
    """The first few names, and how many more there are."""
    told = ", ".join(names[:_MOST])
    return told if len(names) <= _MOST else f"{told} and {len(names) - _MOST} more"
