"""Bins in one piece of memory: the same as those of a dictionary, in whole and column by column."""

import pytest

from shared.evaluation import evaluation_documents as documents
from shared.evaluation import time_bins
from shared.evaluation.outcome import PolicyOutcome
from shared.evaluation.packed_sums import FORM, PackedBins, column
from shared.metrics.estimators.sums import Sums, total
from shared.storage.json_documents import UnreadableDocument
from tests.http.evaluated import BIN, CUSTOM, START_US, outcome

BINS = {
    START_US + place * BIN: Sums._make(
        (place + 1) * (number + 1) if FORM.format[number + 1] == "q" else place + number / 8
        for number in range(len(Sums._fields))
    )
    for place in range(7)
}
PACKED = PackedBins(list(BINS), b"".join(FORM.pack(*sums) for sums in BINS.values()))


def test_packed_bins_are_bins() -> None:
    """Equal to the dictionary, with the same totals; a bin that is not there is none."""
    assert PACKED == BINS
    assert BINS == PACKED
    assert total(PACKED.values()) == total(BINS.values())
    assert PACKED.get(START_US + 7 * BIN) is None


@pytest.mark.parametrize("name", Sums._fields)
def test_columns_are_those_of_the_sums(name: str) -> None:
    """Each of them, whole numbers and others."""
    expected = [getattr(sums, name) for sums in BINS.values()]

    assert expected == column(PACKED, name) == column(dict(reversed(BINS.items())), name)


def test_a_range_is_taken_with_the_bins_at_its_ends() -> None:
    """The first one as a whole, and the last one if the range reaches into it."""
    ranges = [
        time_bins.columns(PACKED, START_US + BIN + offset, START_US + 3 * BIN + offset, BIN).at
        for offset in (0, 1, BIN - 1)
    ]

    whole = list(BINS)
    assert ranges == [whole[1:3], whole[1:4], whole[1:4]]


def test_what_is_read_is_what_was_written() -> None:
    """With as many sums as there are bins, or it cannot be read."""
    written = outcome(PolicyOutcome(CUSTOM, "", BINS))
    text = documents.outcome_to_json(written)

    assert documents.read_outcome(text) == written
    assert documents.read_outcome(documents.outcome_to_json(documents.read_outcome(text))) == written
    with pytest.raises(UnreadableDocument):
        documents.read_outcome(text.replace(f'"from":[{START_US},'.encode(), b'"from":['))


def test_nothing_is_packed_too() -> None:
    """An evaluation without events has no bins."""
    empty = outcome(PolicyOutcome(CUSTOM, "", {}))

    assert documents.read_outcome(documents.outcome_to_json(empty)) == empty
    assert column(PackedBins([], b""), "events") == []
