"""What a benchmark found: figures with their goals, as a table and as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Goal:
    """The bound of a ratio."""

    side: Literal["at most", "at least"]
    bound: float

    def holds(self, ratio: float) -> bool:
        """Say whether a ratio keeps it."""
        return ratio <= self.bound if self.side == "at most" else ratio >= self.bound

    def __str__(self) -> str:
        """Give it as the table shows it."""
        return f"{'≤' if self.side == 'at most' else '≥'} {self.bound:g}"


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    Attributes:
        measure: The benchmark's name.
        what: What was measured, in a few words.
        unit: Of both sides.
        ours: One value a round.
        other: The other side's values, a round each; empty if there is no other side: then `ours` is the ratio.
        against: What the other side is.
        goal: None for a figure without a goal.
        details: Further numbers, for those who ask why.
    """

    measure: str
    what: str
    unit: str
    ours: Sequence[float]
    other: Sequence[float] = ()
    against: str = ""
    goal: Goal | None = None
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        """Ours to theirs, medians of all rounds."""
        return median(self.ours) / median(self.other) if self.other else median(self.ours)

    @property
    def holds(self) -> bool | None:
        """Whether the goal is kept; None where there is none."""
        return self.goal.holds(self.ratio) if self.goal else None

    def as_json(self) -> dict[str, Any]:
        """Everything, rounds too."""
        return {
            "measure": self.measure,
            "what": self.what,
            "unit": self.unit,
            "ours": median(self.ours),
            "other": median(self.other) if self.other else None,
            "against": self.against,
            "ratio": self.ratio,
            "goal": str(self.goal) if self.goal else None,
            "holds": self.holds,
            "rounds": {"ours": list(self.ours), "other": list(self.other)},
            "details": self.details,
        }


def table(figures: Sequence[Figure]) -> str:
    """All figures, one a line, in columns."""
    rows = [("measure", "what", "ours", "other side", "ratio", "goal", "holds?"), *map(_cells, figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(7)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([lines[0], "─" * len(lines[0]), *lines[1:]])


def details(figure: Figure) -> str:
    """The further numbers of a figure, one a line, indented."""
    return "\n".join(f"    {name}: {_format(value)}" for name, value in figure.details.items())


def _cells(figure: Figure) -> tuple[str, ...]:
    ours = f"{_number(median(figure.ours))} {figure.unit}"
    other = f"{_number(median(figure.other))} {figure.unit} ({figure.against})" if figure.other else "–"
    holds = {True: "yes", False: "NO", None: "–"}[figure.holds]
    ratio = f"{figure.ratio:.2f}" if figure.other or figure.goal else "–"
    return figure.measure, figure.what, ours, other, ratio, str(figure.goal or "–"), holds


def _format(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_format(inner)}" for name, inner in value.items())
    return _number(value) if isinstance(value, float) else str(value)


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
