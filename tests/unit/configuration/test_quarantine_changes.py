"""Quarantines that are made and lifted."""

from dataclasses import replace

import pytest

from shared.configuration import quarantine_changes, relabel_changes
from shared.configuration.changed_values import list_changed_values
from shared.configuration.configuration import Configuration, new_configuration
from shared.configuration.corrections import (
    MOST_CORRECTIONS,
    CorrectedFeature,
    Correction,
    Quarantine,
    Relabel,
    RelabelFigures,
    RewardFormula,
)
from shared.errors import QuarantineExists, TooManyQuarantines, UnknownQuarantine
from shared.times import to_iso

BAD = Quarantine(Correction("bad", 0, 10, "soup", CorrectedFeature("mail", "ann@example.com")), "why", 1, "ann", 0)


def make_all(number: int) -> Configuration:
    configuration = new_configuration(4)
    for place in range(number):
        new = replace(BAD, correction=replace(BAD.correction, id=str(place)))
        configuration = quarantine_changes.add(configuration, new, place)
    return configuration


def test_a_quarantine_is_made_once() -> None:
    """The same call again changes nothing; another one of its id is refused, also once it is lifted."""
    made = quarantine_changes.add(new_configuration(4), BAD, 2)
    lifted = quarantine_changes.lift(made, "bad", "bob", 3)

    assert quarantine_changes.add(made, BAD, 9) == made
    assert quarantine_changes.lift(lifted, "bad", "cid", 9) == lifted
    for configuration, new in ((made, replace(BAD, reason="else")), (lifted, BAD)):
        with pytest.raises(QuarantineExists):
            quarantine_changes.add(configuration, new, 9)
    with pytest.raises(UnknownQuarantine):
        quarantine_changes.lift(made, "other", "bob", 9)


def test_each_change_is_a_revision_that_knows_what_was_active() -> None:
    made = quarantine_changes.add(first := new_configuration(4), BAD, 2)
    lifted = quarantine_changes.lift(made, "bad", "bob", 3)

    assert [each.revision for each in (first, made, lifted)] == [1, 2, 3]
    assert [lifted.corrections_at(revision) for revision in (1, 2, 3)] == [(), (BAD.correction,), ()]
    assert (made.corrections, lifted.corrections) == ((BAD.correction,), ())


def test_of_one_id_a_feature_that_is_true_is_not_one_that_is_1() -> None:
    """Who asked for the other one must not take it for made."""
    ones, trues = (
        replace(BAD, correction=replace(BAD.correction, feature=CorrectedFeature("old", value))) for value in (1, True)
    )

    made = quarantine_changes.add(new_configuration(4), ones, 2)

    with pytest.raises(QuarantineExists):
        quarantine_changes.add(made, trues, 9)


def test_relabels_take_no_place_of_a_quarantine() -> None:
    """There may be a hundred of each."""
    relabelled, formula = make_all(MOST_CORRECTIONS - 1), RewardFormula(0.5)
    relabel = Relabel(replace(BAD.correction, formula=formula), "why", RelabelFigures(0), 1, "ann")
    relabelled = relabel_changes.activate(relabel_changes.propose(relabelled, relabel), "bad", "ann", 2)

    full = quarantine_changes.add(relabelled, BAD, 3)

    assert len(full.corrections) == MOST_CORRECTIONS + 1
    with pytest.raises(TooManyQuarantines):
        quarantine_changes.add(full, replace(BAD, correction=replace(BAD.correction, id="more")), 4)


def test_a_hundred_are_active_at_most_and_the_oldest_that_was_lifted_makes_place() -> None:
    full = make_all(MOST_CORRECTIONS)
    with pytest.raises(TooManyQuarantines):
        quarantine_changes.add(full, BAD, 1000)

    lifted = quarantine_changes.lift(quarantine_changes.lift(full, "7", "bob", 1001), "5", "bob", 1002)
    more = quarantine_changes.add(lifted, BAD, 1003)

    ids = [each.correction.id for each in more.quarantines]
    assert (len(ids), "7" in ids, "5" in ids, ids[-1]) == (MOST_CORRECTIONS, False, True, "bad")


def test_the_history_tells_which_events_but_no_value_of_a_feature() -> None:
    """Features may hold what has to be redacted later."""
    made = quarantine_changes.add(first := new_configuration(4), BAD, 2)

    [change] = list_changed_values(first, made)
    [back] = list_changed_values(made, quarantine_changes.lift(made, "bad", "bob", 3))

    text = f"bad: {to_iso(0)} to {to_iso(10)}, action soup, a value of feature mail"
    assert (change.name, change.before, change.after) == ("quarantine", None, text)
    assert (back.before, back.after) == (text, None)
