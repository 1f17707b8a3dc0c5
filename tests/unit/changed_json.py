"""JSON values with a few changes, most of which are mistakes."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import strategies as st

_TEXTS = ("", "x", "x" * 256, "x" * 257, "😀" * 256, "5", "Online", "\0")
_NUMBERS = (0, 1, -1, 0.5, -0.0, 1.0, 1000, 1000.5, -1001, 2**53 + 1, 2**63, 1e300)
_LISTS: tuple[Any, ...] = (
    [],
    ["x"],
    [None],
    [{}],
    [{}] * 50,
    [[]] * 51,
    ["x"] * 100,
    ["x"] * 101,
    [{}] * 400,
    [{}] * 401,
)
_VALUES = (None, True, False, *_TEXTS, *_NUMBERS, *_LISTS, {}, {"x": 1})
"""Of all types, and at the bounds of texts, numbers and lists."""


@st.composite
def changed_json(draw: st.DrawFn, value: Any, names: Sequence[str]) -> Any:
    """A copy of a JSON value, with up to three members or elements that are others, are gone, or are new.

    Args:
        names: Of new members.
    """
    copy = [json.loads(json.dumps(value))]
    for _ in range(draw(st.integers(0, 3))):
        container, place = draw(st.sampled_from([*_places(copy)]))
        new = json.loads(json.dumps(draw(st.sampled_from(_VALUES))))
        match draw(st.sampled_from(("change", "remove", "add"))):
            case "remove" if container is not copy:
                del container[place]
            case "add" if isinstance(container, dict):
                container[draw(st.sampled_from(names))] = new
            case "add" if container is not copy:
                container.append(container[place])
            case _:
                container[place] = new
    return copy[0]


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every container in a value, with every place in it."""
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for place, member in members:
        yield value, place
        yield from _places(member)
