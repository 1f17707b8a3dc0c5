"""Tables at the end of a run."""

from collections.abc import Sequence

from localhost.demo.figures import Stretch
from localhost.demo.hindsight import Judged
from localhost.demo.run import Run
from shared.metrics.intervals import Interval

_WIDTHS = (13, 8, 15, 14, 8, 8, 9)
_HEADINGS = (
    ("purchases", "mean", "95 %", "best seller", "at", "models", "events"),
    ("", "reward", "interval", "always first", "random", "so far", "learned"),
)
_SETTINGS_WIDTHS = (13, 11, 15, 10, 10)
_SETTINGS_HEADINGS = (
    ("settings", "estimated", "95 %", "in truth", "interval"),
    ("", "reward", "interval", "", "holds it"),
)


def table(fifths: list[Stretch], run: Run) -> str:
    """A line for each fifth of the run; models and events learned as they were at its end."""
    return align(_WIDTHS, _HEADINGS, [_cells(fifth, run) for fifth in fifths])


def settings_table(judgements: Sequence[Judged]) -> str:
    """What other settings would have earned: by the log, and in truth."""
    rows = [
        (
            judgement.name,
            f"{judgement.estimate:.3f}",
            between(judgement.interval),
            f"{judgement.earned:.3f}",
            "yes" if judgement.holds else "no",
        )
        for judgement in judgements
    ]
    return f"""\
What would other settings have earned, deciding and learning purchase by purchase? Estimated from the loop's own log,
which knows nothing but the brand that was shown and its reward:

{align(_SETTINGS_WIDTHS, _SETTINGS_HEADINGS, rows)}

"In truth" is what the very same decisions would have earned. No log tells that; here it is known, because the data
say what each household bought. By chance, about 1 of 20 such intervals misses the truth, and the demo has not failed
by that: its exit code depends on the last fifth above, and on nothing in this table. The settings:

{"\n".join(f"  {judgement.name:12} {judgement.arguments}" for judgement in judgements)}"""


def align(widths: Sequence[int], headings: Sequence[Sequence[str]], rows: Sequence[Sequence[str]]) -> str:
    """Headings, a rule and rows, each column with its width."""
    rule = ["-" * width for width in widths]
    lines = [zip(row, widths, strict=True) for row in (*headings, rule, *rows)]
    return "\n".join("".join(cell.rjust(width) for cell, width in line) for line in lines)


def between(interval: Interval) -> str:
    """The two ends of an interval."""
    return f"{interval.low:.3f} - {interval.high:.3f}"


def verdict(fifths: list[Stretch]) -> str:
    """What the last fifth says, in a sentence or two."""
    last = fifths[-1]
    sentence = (
        f"In the last fifth the loop earned {last.reward:.3f} a purchase, the best seller {last.first_action:.3f}"
    )
    if last.is_above_first_action:
        return f"The loop learned. {sentence}, choosing at random {last.random:.3f}."
    return f"The loop did not learn enough: its last fifth is not clearly above the best seller. {sentence}."


def _cells(fifth: Stretch, run: Run) -> tuple[str, ...]:
    ended = run.rounds_before(fifth.last)
    return (
        f"{fifth.first} - {fifth.last}",
        f"{fifth.reward:.3f}",
        between(fifth.interval),
        f"{fifth.first_action:.3f}",
        f"{fifth.random:.3f}",
        str(len({learned.model for learned in ended})),
        str(ended[-1].learned if ended else 0),
    )
