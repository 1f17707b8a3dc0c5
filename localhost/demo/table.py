"""The table at the end of a run."""

from collections.abc import Iterable

from localhost.demo.figures import Fifth
from localhost.demo.run import Run

_WIDTHS = (13, 8, 15, 14, 8, 8, 9)
_HEADINGS = (
    ("purchases", "mean", "95 %", "best seller", "at", "models", "events"),
    ("", "reward", "interval", "always first", "random", "so far", "learned"),
)


def table(fifths: list[Fifth], run: Run) -> str:
    """A line for each fifth of the run; models and events learned as they were at its end."""
    rule = tuple("-" * width for width in _WIDTHS)
    return "\n".join(_aligned(row) for row in (*_HEADINGS, rule, *(_cells(fifth, run) for fifth in fifths)))


def verdict(fifths: list[Fifth]) -> str:
    """What the last fifth says, in a sentence or two."""
    last = fifths[-1]
    seen = f"In the last fifth the loop earned {last.reward:.3f} a purchase, the best seller {last.best_seller:.3f}"
    if last.is_above_best_seller:
        return f"The loop learned. {seen}, choosing at random {last.random:.3f}."
    return f"The loop did not learn enough: its last fifth is not clearly above the best seller. {seen}."


def _aligned(row: Iterable[str]) -> str:
    return "".join(cell.rjust(width) for cell, width in zip(row, _WIDTHS, strict=True))


def _cells(fifth: Fifth, run: Run) -> tuple[str, ...]:
    ended = run.ended_by(fifth.last)
    return (
        f"{fifth.first} - {fifth.last}",
        f"{fifth.reward:.3f}",
        f"{fifth.interval.low:.3f} - {fifth.interval.high:.3f}",
        f"{fifth.best_seller:.3f}",
        f"{fifth.random:.3f}",
        str(len({one.model for one in ended})),
        str(ended[-1].learned if ended else 0),
    )
