"""The study of coverage: its logs are what it takes them for, and it runs."""

import numpy as np
import pytest

from benchmarks.progress import Progress
from benchmarks.studies import coverage
from benchmarks.studies.simulated_logs import POLICIES, Cell, simulate
from shared.metrics.estimators.point_estimators import ips


@pytest.mark.parametrize("rewards", coverage.REWARDS)
def test_what_policies_truly_earn_is_what_they_earn_on_average(rewards: str) -> None:
    """Over many logs, weights are 1 and estimates right on average."""
    chance, cell = np.random.default_rng(1), Cell(5, 0.3, 2000, rewards)
    logs = [log for _ in range(60) for log in simulate(cell, chance)]

    for policy in POLICIES:
        matching_logs = [log for log in logs if log.policy == policy]
        errors = [(ips(log.sums) or 0.0) - log.truth for log in matching_logs]
        assert abs(np.mean(errors)) < 4 * np.std(errors) / np.sqrt(len(errors)) + 1e-9
        assert np.mean([log.sums.weights for log in matching_logs]) == pytest.approx(2000, rel=0.05)
        assert all(log.sums.largest_weight <= log.sums.most + 1e-9 for log in matching_logs if policy != "online")


def test_the_study_runs_on_few_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "SIZES", (200,))

    figures = coverage.measure(Progress("coverage"), logs=2)

    assert [figure.measure for figure in figures] == ["coverage"] * 8
    assert figures[0].ratio > 0.9
    assert figures[0].details["logs"] == 36
