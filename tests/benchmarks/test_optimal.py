"""The study of what evaluations name: its kinds are what they say, and the study runs."""

import pytest

from benchmarks.progress import Progress
from benchmarks.studies import optimal


def test_policies_truly_earn_what_their_kind_says() -> None:
    """Nothing more, a little less, or more; on the very events that the evaluation has."""
    equal = optimal.evaluate("equal, two actions", 400, 1).gains
    worse = optimal.evaluate("a little worse", 400, 1).gains
    better = optimal.evaluate("better by far", 800, 1).gains

    assert list(equal) == pytest.approx([0.0] * 4, abs=1e-9)
    assert all(-0.1 < gain < 0 for gain in worse)
    assert min(better) > 0
    assert max(better) > 0.1


def test_the_study_runs_on_few_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chance names others where the highest average is named, and nearly never by the rule."""
    monkeypatch.setattr(optimal, "SIZES", (400,))
    monkeypatch.setattr(optimal, "EVENTS", 400)

    figures = optimal.measure(Progress("optimal"), logs=6, better_logs=2)

    assert [figure.details["logs"] for figure in figures] == [6, 6, 6, 6, 2, 2]
    assert [figure.goal is None for figure in figures] == [False] * 4 + [True] * 2
    assert sum(figure.ratio for figure in figures[:4]) < 0.5
    assert all(figure.details["by the highest average"] > 0 for figure in figures[:3])
