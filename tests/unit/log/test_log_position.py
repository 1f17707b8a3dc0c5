"""Positions inside log blobs: where the next page of the log goes on, also when the blob was redacted meanwhile."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.intake.rows import Observation
from shared.log import log_line
from shared.log.log_position import LineKey, Position
from shared.log.ranked_event import RankedEvent
from shared.log.redaction import FeatureTarget
from shared.times import MINUTE

REWARDS = RewardSettings(10 * MINUTE, 0.0, Aggregation.EARLIEST)
DOCUMENT = b'{"FromUrl":[{"user":"ann"}],"_multi":[{"i":{"constant":1,"id":"x"},"j":[{"q":1}]}]}'


def event(number: int, at_us: int) -> bytes:
    ranked = RankedEvent(f"e{number}", at_us, DOCUMENT, b"[1]", b"[1.0]", "N/A", deferred=False)
    return log_line.event_line(ranked, [], REWARDS).text + b"\n"


def lone(number: int, at_us: int) -> bytes:
    return log_line.lone_line(Observation(f"e{number}", f"o{number}", at_us, 1.0), late=False) + b"\n"


@st.composite
def _blobs(draw: st.DrawFn) -> list[bytes]:
    """The lines of a blob: events and then lone observations, each in order of arrival; some arrive at one moment."""
    events, lones = (sorted(draw(st.lists(st.integers(10**15, 10**15 + 4), max_size=6))) for _ in range(2))
    return [event(number, at_us) for number, at_us in enumerate(events)] + [
        lone(number, at_us) for number, at_us in enumerate(lones)
    ]


def position_before(lines: Sequence[bytes], place: int) -> Position:
    """Where a page has ended that had the lines before a place."""
    position = Position.at("first")
    for line in lines[:place]:
        position = position.after(line)
    return position.before(lines[place])


@given(_blobs().filter(bool), st.data())
def test_a_position_goes_on_behind_what_was_given(lines: list[bytes], data: st.DataObject) -> None:
    """Whatever lines a redaction took out or changed: of those that are left, the ones that were not given come once.

    Only where the next line is gone and others arrived in the same microsecond, these may come again: none is lost.
    """
    place = data.draw(st.integers(0, len(lines) - 1))
    left = data.draw(st.lists(st.booleans(), min_size=len(lines), max_size=len(lines)))
    position = position_before(lines, place)
    changed = [FeatureTarget("user", "ann").redact(line) or b"" if data.draw(st.booleans()) else line for line in lines]
    kept = [line for line, stays in zip(changed, left, strict=True) if stays]
    wanted = [line for line, stays in zip(changed[place:], left[place:], strict=True) if stays]

    offset = position.find(kept)
    found = b"".join(kept)[offset:]

    key = position.key
    assert key is not None
    same = [line for line in lines[:place] if (own := LineKey.of(line)) is not None and own.moment == key.moment]
    assert not position.is_in("second")
    assert found.endswith(b"".join(wanted))
    assert found == b"".join(wanted) or (same and not left[place])


@given(_blobs().filter(bool), st.data())
def test_a_position_is_read_as_it_was_written(lines: list[bytes], data: st.DataObject) -> None:
    """In a link, as the text of a query."""
    position = position_before(lines, data.draw(st.integers(0, len(lines) - 1)))

    for written in (position, position.after(b"a piece of a long line"), Position.at("etag", 7)):
        assert Position.read(written.text) == written
        assert written.is_in("first") == (written.version == position.version)


@given(st.text(alphabet="0123456789abcdefeil-", max_size=60))
def test_a_text_that_is_no_position_is_none(text: str) -> None:
    """Whatever a client sends."""
    position = Position.read(text)

    assert position is None or Position.read(position.text) == position


def test_lines_that_are_not_the_loops_begin_anew() -> None:
    """They have no ids to go by: none is lost, but some may come twice."""
    lines = [b'{"other":1}\n', b"no json\n", b"[]\n"]

    position = position_before(lines, 1)

    assert position.key is None
    assert position.find(lines) == 0
