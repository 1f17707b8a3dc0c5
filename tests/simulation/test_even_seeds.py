"""Schedules of even seeds; those of odd ones are in a file of their own, so that two processes can run them."""

import pytest

from tests.simulation.seeds import ITEMS, check_seeds


@pytest.mark.parametrize("item", range(0, ITEMS, 2))
def test_small_loops_survive_faults_deaths_and_changes(item: int) -> None:
    """Nothing acknowledged is lost, nothing is learned twice."""
    check_seeds(item)
