"""The verdict on a loop, in lines: what it earns against always the first action."""

from collections.abc import Iterator
from typing import Any

from localhost.report.layout import UNKNOWN, Document, between, in_words, moment, number, paragraph, rest, table

_CONCLUSIONS = {
    "better": "better than always the first action",
    "worse": "worse than always the first action",
    "notDistinguishable": "not distinguishable from always the first action",
    "unknown": "nothing is known yet",
}
_SHOWN = ("conclusion", "because", "windows")
_HEADINGS = ("over", "since", "events", "more an event", "interval", "conclusion", "more events")


def verdict_lines(verdict: Document | None) -> Iterator[str]:
    """Give the lines of the verdict; none where the loop gives none."""
    if not verdict:
        return
    conclusion = _conclude(verdict.get("conclusion"))
    yield from paragraph("Verdict", ": ".join(filter(None, (conclusion, verdict.get("because")))))
    if windows := verdict.get("windows"):
        yield from table([_HEADINGS, *(_row(window) for window in windows)])
    yield from rest(verdict, _SHOWN)


def _row(window: Document) -> tuple[str, ...]:
    return (
        in_words(str(window.get("over", UNKNOWN))),
        moment(window.get("from")),
        _count(window.get("events")),
        number(window.get("lift"), "+"),
        between(window.get("interval"), "+"),
        in_words(str(window.get("conclusion", UNKNOWN))),
        _count(window.get("moreEvents")),
    )


def _conclude(conclusion: Any) -> str:
    return _CONCLUSIONS.get(conclusion, in_words(str(conclusion or "")))


def _count(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,.0f}"
