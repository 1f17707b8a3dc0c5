"""The verdict on a loop, in lines: what it earns above always the first action."""

from collections.abc import Iterator

from localhost.report.layout import UNKNOWN, Document, between, in_words, moment, number, paragraph, rest, table

_WINDOWS = {"last1000Events": "last 1,000 events", "sinceChange": "since change", "life": "whole life"}
_FINDINGS = {"notDistinguishable": "may be chance"}
_SHOWN = ("conclusion", "because", "since", "change", "over", "windows", "life", "apprentice")
_HEADINGS = ("over", "events", "above first", "95 % interval", "finding", "more events")


def verdict_lines(verdict: Document | None) -> Iterator[str]:
    """Give the lines of the verdict; none where the loop gives none.

    What it has of since when and of an apprentice stands in its sentence.
    """
    if not verdict:
        return
    life = verdict.get("life")
    if life:
        yield from paragraph(
            "Whole life", f"{in_words(str(life['aboveFirstAction']['conclusion']))}. {life['because']}"
        )
    conclusion = in_words(str(verdict.get("conclusion", UNKNOWN)))
    yield from paragraph("Verdict", f"{conclusion}. {verdict.get('because', '')}")
    if change := verdict.get("change"):
        yield from paragraph("Last change", f"{moment(change.get('at'))}: {change.get('what', '')}.")
    yield from _average(verdict)
    if windows := [*(verdict.get("windows") or ()), *([life] if life else ())]:
        yield from table([_HEADINGS, *(_row(window) for window in windows)])
    yield from rest(verdict, _SHOWN)


def _average(verdict: Document) -> Iterator[str]:
    """Give the line of what the loop earned over the window that the verdict is about."""
    for window in verdict.get("windows") or []:
        earned = window.get("earned") or {}
        if window.get("over") == verdict.get("over") and earned.get("averageReward") is not None:
            average, interval = number(earned["averageReward"]), between(earned.get("interval"))
            yield from paragraph(
                "Earned", f"{average} per event ({interval}), over {_count(earned.get('events'))} events."
            )


def _row(window: Document) -> tuple[str, ...]:
    above = window.get("aboveFirstAction") or {}
    conclusion = above.get("conclusion", UNKNOWN)
    return (
        _WINDOWS.get(window["over"], in_words(window["over"])),
        _count(above.get("events")),
        number(above.get("lift"), "+"),
        between(above.get("interval"), "+"),
        _FINDINGS.get(conclusion, conclusion),
        _count(above.get("moreEvents")),
    )


def _count(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:,.0f}"
