"""Relabels that are proposed, activated and lifted, and what they make of rewards."""

from dataclasses import replace

import pytest

from shared.configuration import relabel_changes
from shared.configuration.changed_values import list_changed_values
from shared.configuration.configuration import Configuration, new_configuration
from shared.configuration.corrections import MOST_CORRECTIONS, Correction, Relabel, RelabelFigures, RewardFormula
from shared.errors import RelabelEnded, RelabelExists, TooManyRelabels, UnknownRelabel

CENTS = Relabel(Correction("cents", 0, 10, formula=RewardFormula(0.01)), "why", RelabelFigures(0), 1, "ann")
FIRST = new_configuration(4)


def propose(configuration: Configuration, relabel_id: str) -> Configuration:
    correction = replace(CENTS.correction, id=relabel_id)
    return relabel_changes.propose(configuration, replace(CENTS, correction=correction))


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (RewardFormula(0.01), [-20.0, 0.0, 0.5]),
        (RewardFormula(plus=-1.0), [-1000.0, -1.0, 49.0]),
        (RewardFormula(low=-1.0, high=1.0), [-1.0, 0.0, 1.0]),
        (RewardFormula(0.1, 2.0, high=6.0), [-198.0, 2.0, 6.0]),
        (RewardFormula(fixed=0.25), [0.25, 0.25, 0.25]),
        (RewardFormula(1000.0), [-1000.0, 0.0, 1000.0]),
    ],
)
def test_a_formula_scales_shifts_and_clips(formula: RewardFormula, expected: list[float]) -> None:
    """In this order, and never beyond what a reward may be."""
    assert [formula.revise(value) for value in (-2000.0, 0.0, 50.0)] == expected


def test_a_proposal_changes_nothing_until_it_is_activated() -> None:
    proposed = propose(FIRST, "cents")
    active = relabel_changes.activate(proposed, "cents", "bob", 2)
    lifted = relabel_changes.lift(active, "cents", "cid", 3)

    assert [each.revision for each in (proposed, active, lifted)] == [1, 2, 3]
    assert [len(each.corrections) for each in (proposed, active, lifted)] == [0, 1, 0]
    assert [len(lifted.corrections_at(revision)) for revision in (1, 2, 3)] == [0, 1, 0]
    assert [
        len(list(list_changed_values(before, after))) for before, after in ((FIRST, proposed), (proposed, active))
    ] == [0, 1]
    assert relabel_changes.activate(active, "cents", "eve", 9) == active
    assert relabel_changes.lift(lifted, "cents", "eve", 9) == lifted


def test_a_proposal_can_be_replaced_and_withdrawn_and_what_was_activated_cannot() -> None:
    proposed = propose(FIRST, "cents")
    again = relabel_changes.propose(proposed, replace(CENTS, reason="else"))
    withdrawn = relabel_changes.lift(again, "cents", "bob", 2)

    assert [each.reason for each in again.relabels] == ["else"]
    assert (withdrawn.revision, withdrawn.corrections_at(9)) == (1, ())
    for ended in (withdrawn, relabel_changes.activate(again, "cents", "bob", 2)):
        with pytest.raises(RelabelExists):
            propose(ended, "cents")
    with pytest.raises(RelabelEnded):
        relabel_changes.activate(withdrawn, "cents", "bob", 3)
    with pytest.raises(UnknownRelabel):
        relabel_changes.activate(withdrawn, "other", "bob", 3)


def test_relabels_are_applied_in_the_order_in_which_they_were_activated() -> None:
    both = propose(propose(FIRST, "first"), "second")
    for relabel_id in ("second", "first"):
        both = relabel_changes.activate(both, relabel_id, "bob", 2)

    assert [each.id for each in both.corrections] == ["second", "first"]
    assert [each.id for each in both.reasons] == ["second", "first"]


def test_a_hundred_are_not_lifted_at_most() -> None:
    full = FIRST
    for number in range(MOST_CORRECTIONS):
        full = propose(full, str(number))
    with pytest.raises(TooManyRelabels):
        propose(full, "more")

    more = propose(relabel_changes.lift(full, "7", "bob", 2), "more")

    ids = [each.correction.id for each in more.relabels]
    assert (len(ids), "7" in ids, ids[-1]) == (MOST_CORRECTIONS, False, "more")
