"""The join's rules, against a slow statement of them, for any cut of time into parts."""

from collections.abc import Iterator, Sequence
from functools import partial

from hypothesis import given
from hypothesis import strategies as st

from shared.intake.rows import Observation
from shared.log.join import BEFORE_US, Arrival, Join, Repetitions, Requests, belongs, of_earlier_ids
from shared.times import MINUTE, SECOND
from shared.training import time_slices

WAIT_US = 10 * MINUTE
_IDS = st.sampled_from(["a", "b", "c"])
_MOMENTS = st.integers(0, 40 * 60).map(lambda seconds: seconds * SECOND)
_ARRIVALS = st.lists(st.builds(Arrival, _MOMENTS, _IDS, st.sampled_from(["x", "y"])), max_size=12, unique=True)
_OBSERVATIONS = st.lists(
    st.builds(Observation, _IDS, st.sampled_from([f"o{n}" for n in range(8)]), _MOMENTS, st.just(1.0)),
    max_size=14,
    unique=True,
)
_END_US = 60 * MINUTE

type Log = tuple[list[tuple[Arrival, list[Observation]]], list[tuple[Observation, bool]]]


def in_parts(arrivals: Sequence[Arrival], observations: Sequence[Observation], length_us: int) -> Log:
    """The log that comes of joining part by part, as the trainer does."""
    requests, events, alone = Requests(), [], []
    logged: set[tuple[str, str]] = set()
    event_ids: set[str] = set()
    for from_us in range(0, _END_US, length_us):
        to_us = from_us + length_us
        window = [row for row in observations if from_us - BEFORE_US <= row.at_us < to_us + WAIT_US]
        join = Join(by_event(window), WAIT_US, partial(is_logged, logged))
        ordered = sorted(arrivals, key=lambda row: (row.at_us, row.event_id, row.request_hash))
        own_rows = [row for row in ordered if from_us <= row.at_us < to_us and requests.is_event(row)]
        events += [(arrival, list(join.event(arrival).observations)) for arrival in own_rows]
        ready = [row for row in window if from_us <= row.at_us + BEFORE_US < to_us]
        alone += [(row.observation, row.late) for row in join.lone(ready, event_ids.__contains__)]
        logged |= join.joined_keys
        event_ids |= {arrival.event_id for arrival, _ in events}
        requests.forget(to_us)
    return events, alone


def is_logged(logged: set[tuple[str, str]], row: Observation) -> bool:
    """Whether an earlier part took it."""
    return (row.event_id, row.observation_id) in logged


def by_event(observations: Sequence[Observation]) -> dict[str, list[Observation]]:
    """In order of arrival."""
    by_id: dict[str, list[Observation]] = {}
    for row in sorted(observations, key=lambda row: (row.at_us, row.observation_id)):
        by_id.setdefault(row.event_id, []).append(row)
    return by_id


@given(_ARRIVALS, _OBSERVATIONS, st.sampled_from([5 * SECOND * 12, 5 * MINUTE, 7 * MINUTE, _END_US]))
def test_the_log_does_not_depend_on_how_time_is_cut(
    arrivals: list[Arrival], observations: list[Observation], length_us: int
) -> None:
    """Whatever the model export frequency, an observation belongs to the same event."""
    whole_events, whole_alone = in_parts(arrivals, observations, _END_US)

    events, alone = in_parts(arrivals, observations, length_us)

    assert whole_events == events
    assert sorted(map(str, whole_alone)) == sorted(map(str, alone))


@given(_ARRIVALS, _OBSERVATIONS)
def test_every_observation_is_logged_once(arrivals: list[Arrival], observations: list[Observation]) -> None:
    """A client's repetition has the same observation id; it is the same observation."""
    events, alone = in_parts(arrivals, observations, 5 * MINUTE)

    logged = [row for _, own_rows in events for row in own_rows] + [row for row, _ in alone]
    keys = [(row.event_id, row.observation_id) for row in logged]
    assert {(row.event_id, row.observation_id) for row in observations} == set(keys)
    assert len(set(keys)) == len(keys)


@given(_ARRIVALS, st.lists(st.builds(Observation, _IDS, st.uuids().map(str), _MOMENTS, st.just(1.0)), max_size=14))
def test_an_observation_belongs_to_the_earliest_event_in_whose_window_it_lies(
    arrivals: list[Arrival], observations: list[Observation]
) -> None:
    """Stated slowly, event by event; observation ids are unique here."""
    events, alone = in_parts(arrivals, observations, 5 * MINUTE)

    owner = {row.observation_id: arrival for arrival, own_rows in events for row in own_rows}
    for row in observations:
        fitting = [a for a, _ in events if a.event_id == row.event_id and belongs(row.at_us, a.at_us, WAIT_US)]
        assert (fitting[0] if fitting else None) == owner.get(row.observation_id)
    assert {row.observation_id for row in observations} - set(owner) == {row.observation_id for row, _ in alone}


@given(_ARRIVALS)
def test_a_repetition_is_no_event_and_another_request_is(arrivals: list[Arrival]) -> None:
    """Less than two minutes after such a row, a repetition itself or not."""
    ordered = sorted(arrivals, key=lambda row: (row.at_us, row.event_id, row.request_hash))

    requests = Requests()
    events = [arrival for arrival in ordered if requests.is_event(arrival)]

    expected = [
        arrival
        for place, arrival in enumerate(ordered)
        if not any(
            other.request == arrival.request and arrival.at_us - other.at_us < BEFORE_US for other in ordered[:place]
        )
    ]
    assert expected == events


def repetitions_in_parts(
    arrivals: Sequence[Arrival], length_us: int, wait_us: int, seeded: bool
) -> dict[Arrival, list[Arrival]]:
    """The repetitions of each event that the trainer finds, part by part.

    Args:
        seeded: Whether each part is joined by another run, which reads the requests of two minutes before.
    """
    ordered, requests = sorted(arrivals, key=lambda row: (row.at_us, row.event_id, row.request_hash)), Requests()
    found: dict[Arrival, list[Arrival]] = {}
    for from_us in range(0, _END_US, length_us):
        if seeded:
            requests = Requests()
            for row in ordered:
                if from_us - BEFORE_US <= row.at_us < from_us:
                    requests.is_event(row)
        end_us = from_us + length_us + time_slices.lookahead_us(wait_us)
        repetitions = Repetitions([(row, row) for row in ordered if from_us <= row.at_us < end_us], requests)
        own = [row for row in ordered if from_us <= row.at_us < from_us + length_us]
        found |= {row: [*repetitions.of(row)] for row in own if requests.is_event(row)}
        requests.forget(from_us + length_us)
    return found


@given(
    st.lists(st.builds(Arrival, _MOMENTS, _IDS, st.just("x")), max_size=40, unique=True),
    st.sampled_from([MINUTE, 5 * MINUTE, 7 * MINUTE]),
    st.sampled_from([5 * SECOND, WAIT_US]),
    st.booleans(),
)
def test_the_repetitions_of_an_event_are_found_over_the_end_of_its_part(
    arrivals: list[Arrival], length_us: int, wait_us: int, seeded: bool
) -> None:
    """All of its chain that came before the part's end, or no later behind it than two minutes and the wait."""
    found = repetitions_in_parts(arrivals, length_us, wait_us, seeded)

    for event, repetitions in found.items():
        end_us = event.at_us - event.at_us % length_us + length_us + min(2 * MINUTE, wait_us)
        last_us, chain = event.at_us, list[Arrival]()
        for row in sorted(arrivals, key=lambda row: row.at_us):
            if row.request == event.request and last_us < row.at_us < min(last_us + 2 * MINUTE, end_us):
                chain.append(row)
                last_us = row.at_us
        assert repetitions == chain


def test_a_chain_of_repetitions_goes_on_behind_the_part_while_each_follows_the_last_one() -> None:
    """The first repetition is in the part, the next two behind it; the one beyond two minutes is not complete yet."""
    event, *others = [Arrival(seconds * SECOND, "a", "x") for seconds in (200, 280, 310, 410, 425)]

    found = repetitions_in_parts([event, *others], 5 * MINUTE, WAIT_US, seeded=False)

    assert found[event] == others[:3]


def test_the_window_is_open_at_both_ends() -> None:
    """As in the old service: strictly less than the wait after, strictly less than two minutes before."""
    event_us = 10 * MINUTE

    assert belongs(event_us - BEFORE_US + 1, event_us, WAIT_US)
    assert not belongs(event_us - BEFORE_US, event_us, WAIT_US)
    assert belongs(event_us + WAIT_US - 1, event_us, WAIT_US)
    assert not belongs(event_us + WAIT_US, event_us, WAIT_US)


def test_a_lone_observation_is_late_only_if_its_event_was_known() -> None:
    """Late distinguishes a too short wait from a wrong id."""
    events, alone = in_parts(
        [Arrival(0, "a", "x")],
        [Observation("a", "o1", 11 * MINUTE, 1.0), Observation("b", "o2", 11 * MINUTE, 1.0)],
        5 * MINUTE,
    )

    assert [(Arrival(0, "a", "x"), [])] == events
    assert [(row.event_id, late) for row, late in alone] == [("a", True), ("b", False)]


@given(st.integers(0, 10**15), st.integers(0, 10**15), st.sampled_from([5, 60, 300, 900]))
def test_parts_follow_the_grid_and_never_overlap(position: int, later: int, seconds: int) -> None:
    """The next part begins at the position or after it, and holds the first row."""
    first = position + later

    from_us, to_us = time_slices.cell(position, first, seconds * SECOND)

    assert position <= from_us <= first < to_us
    assert to_us % (seconds * SECOND) == 0
    assert to_us - from_us <= seconds * SECOND


def test_cells_are_no_longer_than_a_model_may_be_old_and_no_shorter_than_a_long_wait_allows() -> None:
    """Long waits read the same rewards again, up to 17 times."""
    assert time_slices.cell_us(5 * MINUTE, 10 * MINUTE) == 5 * MINUTE
    assert time_slices.cell_us(60 * MINUTE, 10 * MINUTE) == 15 * MINUTE
    assert time_slices.cell_us(5 * MINUTE, 2 * 24 * 60 * MINUTE) == 180 * MINUTE


def test_observations_of_one_id_are_looked_at_once_however_many_events_share_it() -> None:
    """A client that gives all its events one id must not keep the trainer busy for hours."""

    class Counted(list[Observation]):
        times = 0

        def __iter__(self) -> Iterator[Observation]:
            self.times += 1
            return super().__iter__()

    own_rows = Counted(Observation("a", f"o{n}", n * SECOND, 1.0) for n in range(300))
    join = Join({"a": own_rows}, WAIT_US, partial(is_logged, set()))

    joined = [join.event(Arrival(n * SECOND, "a", "x")) for n in range(300)]

    assert [300, *[0] * 299] == [len(row.observations) for row in joined]
    assert own_rows.times == 1


def test_an_event_of_an_earlier_version_gets_what_came_before_and_after_the_upgrade() -> None:
    """Under the id as it was sent, and under its canonical one; what came twice is one observation."""
    sent, since = "a%2Fb", "a/b"
    rows = [
        Observation(sent, "before", 1 * SECOND, 1.0),
        Observation(sent, "repeated", 2 * SECOND, 1.0),
        Observation(since, "repeated", 3 * SECOND, 1.0),
        Observation(since, "after", 4 * SECOND, 1.0),
        Observation("c", "other", 4 * SECOND, 1.0),
    ]
    join = Join(of_earlier_ids(by_event(rows), [sent, "c"]), WAIT_US, lambda _: False)

    joined = [join.event(Arrival(0, event_id, "x")).observations for event_id in (sent, "c")]

    assert [[row.observation_id for row in own] for own in joined] == [["before", "repeated", "after"], ["other"]]


def test_a_rank_that_is_repeated_over_an_upgrade_is_one_event() -> None:
    requests = Requests()

    assert [requests.is_event(Arrival(at, event_id, "x")) for at, event_id in ((0, "a%2Fb"), (1, "a/b"))] == [
        True,
        False,
    ]
