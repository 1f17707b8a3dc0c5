"""Quarantines and relabels that are made and lifted at any moment of a schedule, under faults and deaths."""

import gc
from collections import Counter
from typing import Any

import pytest

from shared.configuration.corrections import Correction
from shared.log.corrected_lines import CorrectedLines
from tests.simulation import schedule
from tests.simulation.checks import check
from tests.simulation.plan import Change, quarantined
from train_timer import driver_input, earlier_start, recounting

_SEEDS = range(150)


def run_seeds() -> Counter[str]:
    """Run the schedules, check what came of them, and count what happened in them."""
    seen = Counter[str]()
    gc.disable()
    try:
        for seed in _SEEDS:
            with schedule.run(quarantined(seed)) as outcome:
                check(outcome)
                held = CorrectedLines(outcome.configuration.corrections)
                seen["made"] += outcome.acknowledged.changes[Change.QUARANTINE]
                seen["relabelled"] += outcome.acknowledged.changes[Change.RELABEL]
                seen["lifted"] += outcome.acknowledged.changes[Change.LIFT]
                seen["quarantined"] += any(held.is_quarantined(line) for part in outcome.log for line in part.lines)
                seen["compared"] += any(each.events for each in outcome.last_state.changed_decisions)
                seen["changed"] += any(each.changed for each in outcome.last_state.changed_decisions)
                seen["deaths"] += outcome.deaths
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

    seen = run_seeds()

    assert (
        min(seen[name] for name in ("made", "relabelled", "lifted", "quarantined", "compared", "changed", "deaths")) > 5
    ), seen
    assert sum(each is not None for each in begun) > 2


class _Deaf(CorrectedLines):
    """Holds nothing."""

    def within(self, from_us: int, to_us: int) -> CorrectedLines:
        return self

    def find_quarantine(self, line: bytes) -> Correction | None:
        return None


@pytest.mark.parametrize("module", [driver_input, recounting])
def test_a_mistake_is_found(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events that are learned or counted in spite of a quarantine."""
    monkeypatch.setattr(module, "CorrectedLines", _Deaf)

    with pytest.raises(AssertionError):
        run_seeds()
