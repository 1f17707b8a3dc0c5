"""Redactions that a pause makes too late."""

from tests.simulation.plan import draw
from tests.simulation.shrinking import try_plan

ASLEEP = 81845
"""A seed: a call sleeps beyond its lease as it deletes the event's row, which a trainer logs meanwhile."""


def test_a_redaction_that_sleeps_beyond_its_lease_does_not_say_that_it_is_done() -> None:
    """The next call finds the event in the log."""
    assert try_plan(draw(ASLEEP)).violation is None
