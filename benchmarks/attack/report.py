"""What came of hostile calls, in words: a table by operation, and what was wrong."""

import re
from collections import Counter
from typing import Any

from benchmarks.attack.judgement import BUSY, LONGER
from benchmarks.attack.sender import Came

KINDS = {
    "failed": "answers that say the service failed, or none",
    "let in": "callers who were let in without the role",
    "shape": "answers that have not the API's shape",
    "slow": "answers over 1 s where the docs name no longer time",
}
"""What may be wrong with an answer."""
_MOST_LINES = 5
_ENTRY = re.compile(r"^(?=\d{4}-\d\d-\d\dT)", re.MULTILINE)
_ERROR = re.compile(r"\S+ ERROR ")
_CLASSES = ("2xx", "3xx", "4xx", "5xx", "none")


def table(came: Came) -> str:
    """Calls by operation and class of status, with the slowest answer."""
    counts: dict[str, Counter[str]] = {}
    for name, number in came.statuses.items():
        operation, status = name.rsplit(":", 1)
        counts.setdefault(operation, Counter())[f"{status[0]}xx" if status != "0" else "none"] += number
    rows: list[tuple[str, ...]] = [("operation", *_CLASSES, "slowest answer", "may take")]
    rows += [
        (name, *(f"{counts[name][kind]:,}" for kind in _CLASSES), f"{came.slowest[name]:.2f} s", _limit(name))
        for name in sorted(counts)
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join(
        row[0].ljust(widths[0])
        + "".join(f"  {cell.rjust(width)}" for cell, width in zip(row[1:], widths[1:], strict=True))
        for row in rows
    )


def wrong(came: Came, seed: int) -> str:
    """The first violations of each kind, and the docs' sentences for what was longer or busy."""
    lines = [
        f"busy, as the docs say: {name}: {number:,} ({BUSY[_operation(name)]})" for name, number in came.busy.items()
    ]
    lines += [
        f"took {came.slowest[name]:.1f} s, as the docs say: {name} ({longer.sentence})"
        for name, longer in LONGER.items()
        if came.slowest.get(name, 0.0) > 1.0
    ]
    for kind in KINDS:
        of_kind = [each for each in came.wrong if each["kind"] == kind]
        groups = Counter(f"{each['operation']}, {each['what']}" for each in of_kind)
        lines += [f"WRONG: {number:,} × {group}" for group, number in groups.most_common(20)]
        lines += [_line(each, seed) for each in of_kind[:_MOST_LINES]]
    return "\n".join(lines)


def errors(log: str) -> str:
    """The last errors in a host's log, each with the lines that belong to it."""
    entries = [entry.rstrip() for entry in _ENTRY.split(log) if _ERROR.match(entry)]
    return "\n".join(entries[-_MOST_LINES:])


def details(came: Came, seed: int) -> dict[str, Any]:
    """All of it, for the JSON file."""
    return {
        "seed": seed,
        "statuses": dict(sorted(came.statuses.items())),
        "slowest": {name: round(seconds, 3) for name, seconds in sorted(came.slowest.items())},
        "busy": dict(came.busy),
        "wrong": came.wrong,
    }


def count(came: Came, kind: str) -> int:
    """How many answers were wrong in a way."""
    return came.kinds[kind]


def _line(violation: dict[str, Any], seed: int) -> str:
    return (
        f"  {violation['what']} after {violation['seconds']} s: {violation['request']} by {violation['caller']}\n"
        f"    {violation['status']} {violation['answer']}\n"
        f"    to see the call: python -m benchmarks.attack.calls {seed} {violation['call']}"
    )


def _operation(name: str) -> str:
    return name.rsplit(":", 1)[0]


def _limit(operation: str) -> str:
    longer = LONGER.get(operation)
    return f"{longer.seconds:g} s" if longer else "1 s"
