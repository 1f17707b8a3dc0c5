"""The study of coverage: its logs are what they are said to be, and it runs."""

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
    logs = [one for _ in range(60) for one in simulate(cell, chance)]

    for policy in POLICIES:
        mine = [log for log in logs if log.policy == policy]
        errors = [(ips(one.sums) or 0.0) - one.truth for one in mine]
        assert abs(np.mean(errors)) < 4 * np.std(errors) / np.sqrt(len(errors)) + 1e-9
        assert np.mean([one.sums.weights for one in mine]) == pytest.approx(2000, rel=0.05)
        assert all(one.sums.largest_weight <= one.sums.most + 1e-9 for one in mine if policy != "online")


def test_the_study_runs_on_few_logs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coverage, "SIZES", (200,))

    found = coverage.measure(Progress("coverage"), logs=2)

    assert [figure.measure for figure in found] == ["coverage"] * 8
    assert found[0].ratio > 0.9
    assert found[0].details["logs"] == 36
