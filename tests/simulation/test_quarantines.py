"""Quarantines and relabels that are made and lifted at any moment of a schedule, under faults and deaths.

Also while a challenger is on trial, and while the loop becomes an apprentice and goes Online again.
"""

import gc
from collections import Counter
from typing import Any, Final

import pytest

from shared.configuration.corrections import Correction
from shared.log.corrected_lines import CorrectedLines
from tests.simulation import schedule, trial_checks
from tests.simulation.checks import check
from tests.simulation.plan import Change, Plan, draw, optimized, quarantined
from tests.simulation.test_mode_switches import plan_of
from train_timer import driver_input, earlier_start, part_join, recounting

_PLANS: Final[tuple[Plan, ...]] = (
    *map(draw, range(110)),
    *map(optimized, range(30)),
    *map(plan_of, range(12)),
)


def run_plans() -> Counter[str]:
    """Run the schedules, check what came of them, and count what happened in them."""
    seen = Counter[str]()
    gc.disable()
    try:
        for plan in _PLANS:
            with schedule.run(quarantined(plan)) as outcome:
                check(outcome)
                reasons = [each.reason or "" for each in trial_checks.own_evaluations(outcome)]
                held = CorrectedLines(outcome.configuration.corrections)
                seen["made"] += outcome.acknowledged.changes[Change.QUARANTINE]
                seen["relabelled"] += outcome.acknowledged.changes[Change.RELABEL]
                seen["lifted"] += outcome.acknowledged.changes[Change.LIFT]
                seen["quarantined"] += any(held.is_quarantined(line) for part in outcome.log for line in part.lines)
                seen["compared"] += any(each.events for each in outcome.last_state.changed_decisions)
                seen["changed"] += any(each.changed for each in outcome.last_state.changed_decisions)
                seen["deaths"] += outcome.deaths
                seen["trials"] += outcome.last_state.trial is not None
                seen["ended trials"] += any("a quarantine or a relabel" in reason for reason in reasons)
                seen["modes"] += outcome.acknowledged.changes[Change.MODE]
    finally:
        gc.enable()
    return seen


def test_what_is_in_quarantine_is_learned_and_counted_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is learned twice, and nothing is left out. Learning anew begins with an earlier model where it can."""
    begun, find = list[Any](), earlier_start.find

    def find_and_note(*values: Any) -> Any:
        begun.append(find(*values))
        return begun[-1]

    monkeypatch.setattr(earlier_start, "find", find_and_note)

    seen = run_plans()

    wanted = "made relabelled lifted quarantined compared changed deaths trials modes"
    assert min(seen[name] for name in wanted.split()) > 5, seen
    assert seen["ended trials"] > 0
    assert sum(each is not None for each in begun) > 2


class _Deaf(CorrectedLines):
    """Holds nothing."""

    def within(self, from_us: int, to_us: int) -> CorrectedLines:
        return self

    def find(self, line: bytes) -> list[Correction]:
        return []


@pytest.mark.parametrize("module", [driver_input, part_join, recounting])
def test_a_mistake_is_found(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events that are learned or counted in spite of a quarantine, or with the rewards that came."""
    monkeypatch.setattr(module, "CorrectedLines", _Deaf)

    with pytest.raises(AssertionError):
        run_plans()
