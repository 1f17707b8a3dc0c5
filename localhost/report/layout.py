"""Short lines from what a loop answers: labels, sentences, numbers, moments, and whatever has no form of its own."""

import json
import re
import shutil
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from localhost.columns import align

type Document = Mapping[str, Any]

UNKNOWN = "-"
_LABEL = 13
_WIDEST = 120
_LONGEST_CELL = 60


def paragraph(label: str, text: str, indent: int = 0) -> Iterator[str]:
    """Give the lines of a text behind its label; further lines begin below the first."""
    first = " " * indent + f"{label:{_LABEL - 1}} "
    width = min(shutil.get_terminal_size().columns, _WIDEST) - 1
    below = " " * (indent + _LABEL)
    yield from textwrap.wrap(
        text, max(width, 40), initial_indent=first, subsequent_indent=below, break_long_words=False
    ) or [first.rstrip()]


def table(rows: Sequence[Sequence[str]], indent: int = 2) -> Iterator[str]:
    """Give the lines of a table, a little to the right."""
    yield from (" " * indent + line for line in align(rows))


def moment(text: str | None) -> str:
    """Write a moment of an answer, such as `2026-11-25 12:50:02 UTC`."""
    return f"{text[:10]} {text[11:19]} UTC" if text else UNKNOWN


def duration(seconds: float) -> str:
    """Write a length of time, such as `45 s`, `4.0 minutes` or `24.0 hours`."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} minutes" if seconds < 7200 else f"{seconds / 3600:,.1f} hours"


def number(value: float | None, sign: str = "") -> str:
    """Write an average."""
    return UNKNOWN if value is None else f"{value:{sign}.3f}"


def between(ends: Sequence[float] | None, sign: str = "") -> str:
    """Write an interval."""
    return UNKNOWN if ends is None else f"{ends[0]:{sign}.3f} … {ends[1]:{sign}.3f}"


def percent(share: float | None) -> str:
    """Write a chance."""
    return UNKNOWN if share is None else f"{100 * share:.3g} %"


def cell(value: Any, longest: int = _LONGEST_CELL) -> str:
    """Write any value in a few characters."""
    if value is None:
        return UNKNOWN
    if isinstance(value, float):
        return f"{value:.4g}"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def in_words(name: str) -> str:
    """Write a field's name in words: `numberOfEvents` is *number of events*."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda letter: f" {letter[1].lower()}", name)


def rest(document: Document, shown: Sequence[str], indent: int = 0) -> Iterator[str]:
    """Give the lines of all fields that have no lines of their own.

    Args:
        shown: Those that have.
    """
    for name, value in document.items():
        if name not in shown and value not in (None, "", [], {}):
            yield from _field(in_words(name).capitalize(), value, indent)


def _field(label: str, value: Any, indent: int) -> Iterator[str]:
    if isinstance(value, dict):
        yield " " * indent + label
        yield from rest(value, (), indent + 2)
    elif isinstance(value, list) and all(isinstance(element, dict) for element in value):
        yield " " * indent + label
        names = list(dict.fromkeys(name for element in value for name in element))
        rows = [[cell(element.get(name)) for name in names] for element in value]
        yield from table([[in_words(name) for name in names], *rows], indent + 2)
    else:
        yield from paragraph(label, cell(value, longest=10 * _LONGEST_CELL), indent)


def printable(text: str) -> str:
    """Write a text so that it changes nothing on a terminal but its line."""
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
