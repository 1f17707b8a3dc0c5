"""What two answers to one request showed."""

import zlib
from copy import replace

import pytest

from shared.configuration.service_configuration import LearningMode
from shared.log import ranked_event
from shared.log.ranked_event import RankedEvent

ONLINE, APPRENTICE, LOGGING = LearningMode.ONLINE, LearningMode.APPRENTICE, LearningMode.LOGGING_ONLY


def single(actions: bytes, probabilities: bytes, mode: LearningMode = ONLINE) -> RankedEvent:
    """An event with one choice."""
    return RankedEvent("e", 5, b"{}", actions, probabilities, "m", deferred=False, mode=mode)


def slots(actions: bytes, probabilities: bytes, mode: LearningMode = ONLINE) -> RankedEvent:
    """An event with two slots."""
    event = single(actions, probabilities, mode)
    return replace(event, slots=("top", "side"), baselines=(0, 1))


FIRST = single(b"[2,1,3]", b"[0.8,0.1,0.1]")
PAGE = slots(b"[[2,0,1],[0,1]]", b"[[0.8,0.1,0.1],[0.9,0.1]]")


@pytest.mark.parametrize(
    ("first", "again", "alike"),
    [
        (FIRST, single(b"[2,1,3]", b"[0.8,0.1,0.1]"), True),
        (FIRST, single(b"[2,3,1]", b"[0.8,0.15,0.05]"), True),
        (FIRST, single(b"[2,1,3]", b"[0.80000001,0.1,0.09999999]"), True),
        (FIRST, single(b"[1,2,3]", b"[0.8,0.1,0.1]"), False),
        (FIRST, single(b"[2,1,3]", b"[0.1,0.8,0.1]"), False),
        (PAGE, slots(b"[[2,1,0],[0,1]]", b"[[0.8,0.15,0.05],[0.9,0.1]]"), True),
        (PAGE, slots(b"[[2,0,1],[1,0]]", b"[[0.8,0.1,0.1],[0.9,0.1]]"), False),
        (PAGE, slots(b"[[2,0,1],[0,1]]", b"[[0.8,0.1,0.1],[0.1,0.9]]"), False),
        (PAGE, FIRST, False),
    ],
)
def test_answers_are_alike_that_show_the_same_actions_with_the_same_chances(
    first: RankedEvent, again: RankedEvent, alike: bool
) -> None:
    """Of every slot. How the others are ranked does not matter; two processors differ in the last digits."""
    assert first.shows_like(again) == again.shows_like(first) == alike


def test_an_apprentice_shows_the_baseline_whatever_it_draws() -> None:
    """For sure, as a loop that only logs does."""
    drawn = [single(b"[2,1]", b"[0.8,0.2]", APPRENTICE), single(b"[1,2]", b"[0.6,0.4]", APPRENTICE)]
    logged = single(b"[1,2]", b"[1.0,0.0]", LOGGING)
    pages = [slots(actions, b"[[0.9,0.1],[1.0]]", APPRENTICE) for actions in (b"[[1,0],[0]]", b"[[0,1],[1]]")]

    assert drawn[0].shows_like(drawn[1])
    assert drawn[0].shows_like(logged)
    assert not drawn[0].shows_like(single(b"[1,2]", b"[0.6,0.4]"))
    assert pages[0].shows_like(pages[1])
    assert not pages[0].shows_like(replace(pages[1], baselines=(1, 0)))


@pytest.mark.parametrize("event", [FIRST, PAGE, replace(FIRST, mode=APPRENTICE, deferred=True)])
def test_a_payload_is_read_by_whichever_library_it_was_packed(event: RankedEvent) -> None:
    """Rows of earlier versions were packed by zlib."""
    packed = ranked_event.pack(event)

    assert ranked_event.unpack(packed, "e", 5) == event
    assert ranked_event.unpack(zlib.compress(zlib.decompress(packed), 1), "e", 5) == event


def test_a_damaged_payload_is_refused() -> None:
    """Cut anywhere, or with a bit that is another one: a row that looks right would be learned."""
    packed = ranked_event.pack(FIRST)
    cut = [packed[:end] for end in range(len(packed))]
    flipped = [bytes([*packed[:place], packed[place] ^ 1, *packed[place + 1 :]]) for place in range(2, len(packed))]

    for damaged in cut + flipped:
        with pytest.raises(ValueError):  # noqa: PT011
            ranked_event.unpack(damaged, "e", 5)
