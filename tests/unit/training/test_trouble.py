"""What fails is tried again with growing pauses."""

from itertools import pairwise

from shared.times import HOUR, SECOND
from shared.training.trouble import Troubles, may_be_tried, with_failure, without


def _failures(number: int, about: str = "") -> list[Troubles]:
    """The troubles after each of some failures, each as soon as it is tried again."""
    troubles: list[Troubles] = [with_failure({}, "export", "it is leased", about, 0)]
    while len(troubles) < number:
        troubles.append(with_failure(troubles[-1], "export", "it is leased", about, troubles[-1]["export"].next_us))
    return troubles


def test_pauses_grow_up_to_an_hour() -> None:
    """Ten seconds at first."""
    tried = [troubles["export"].tried_us for troubles in _failures(40)]
    pauses = [after - before for before, after in pairwise(tried)]

    assert pauses[0] == 10 * SECOND
    assert all(after == min(2 * before, HOUR) for before, after in pairwise(pauses))
    assert pauses[-1] == HOUR


def test_nothing_is_tried_within_its_pause_unless_with_something_else() -> None:
    """Such as another address."""
    before = _failures(3, about="first address")[-1]["export"]

    assert not may_be_tried(before, "first address", before.next_us - 1)
    assert may_be_tried(before, "first address", before.next_us)
    assert may_be_tried(before, "second address", before.tried_us)


def test_pauses_begin_anew_with_something_else() -> None:
    """And the time since it fails, too."""
    before = _failures(5, about="first address")[-1]
    at_us = before["export"].tried_us + 1

    after = with_failure(before, "export", "refused", "second address", at_us)["export"]

    assert (after.tries, after.since_us, after.tried_us) == (1, at_us, at_us)


def test_success_ends_one_trouble_and_no_other() -> None:
    troubles = with_failure(_failures(2)[-1], "next", "no memory", "", 5)

    assert list(without(troubles, "export")) == ["next"]
    assert without(without(troubles, "export"), "export") == without(troubles, "export")
