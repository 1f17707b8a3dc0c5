"""The join: which row is an event, and which observations belong to it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.loop.rows import Observation
from shared.loop.times import MINUTE

BEFORE_US = 2 * MINUTE
"""How long before its event an observation may arrive, and within which the same Rank again is a repetition."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One row of a Rank, without its payload.

    Attributes:
        place: Where its payload is kept.
    """

    at_us: int
    event_id: str
    request_hash: str
    place: int = 0

    @property
    def request(self) -> tuple[str, str]:
        """What a client's repetition has in common with the first row."""
        return self.event_id, self.request_hash


@dataclass(frozen=True, slots=True)
class Joined:
    """An event with its observations, in order of arrival."""

    arrival: Arrival
    observations: tuple[Observation, ...]


@dataclass(frozen=True, slots=True)
class Lone:
    """An observation without an event.

    Attributes:
        late: Whether there was an event of its id, whose wait was over.
    """

    observation: Observation
    late: bool


def without_repetitions(arrivals: Iterable[Arrival], last_seen: dict[tuple[str, str], int]) -> Iterator[Arrival]:
    """The rows that are events.

    A row with the same id and the same request less than two minutes after another such row, be that one a
    repetition or not, is a client's repetition.

    Args:
        arrivals: In order of arrival.
        last_seen: When each request was last seen before; updated.
    """
    for arrival in arrivals:
        before = last_seen.get(arrival.request)
        last_seen[arrival.request] = arrival.at_us
        if before is None or arrival.at_us - before >= BEFORE_US:
            yield arrival


def belongs(observed_us: int, event_us: int, wait_us: int) -> bool:
    """Whether an observation lies in an event's window: less than two minutes before it, less than the wait after.

    Source: the joiner of the old service, which compares strictly.
    """
    return observed_us - event_us < wait_us and event_us - observed_us < BEFORE_US


class Join:
    """The join of one part.

    Args:
        observations: All of the part's window, repetitions included.
        wait_us: The reward wait time.
        is_logged: Whether earlier log holds the observation already.
    """

    def __init__(
        self, observations: Iterable[Observation], wait_us: int, is_logged: Callable[[Observation], bool]
    ) -> None:
        self._wait_us = wait_us
        self._is_logged = is_logged
        self._of_event: Mapping[str, list[Observation]] = _by_event(observations)
        self._taken: set[tuple[str, str]] = set()
        self._events: set[str] = set()

    def event(self, arrival: Arrival) -> Joined:
        """Join one event; must be called in order of arrival, since the earliest event of an id takes first."""
        self._events.add(arrival.event_id)
        mine = [
            observation
            for observation in self._of_event.get(arrival.event_id, ())
            if belongs(observation.at_us, arrival.at_us, self._wait_us) and self._take(observation)
        ]
        return Joined(arrival, tuple(mine))

    def lone(self, from_us: int, to_us: int, has_event: Callable[[str], bool]) -> Sequence[Lone]:
        """The observations that belong to no event and for which none can come any more, after all events.

        An observation is due two minutes after its own arrival.

        Args:
            from_us: The part's range: what is due in it is given.
            has_event: Whether earlier log holds an event of that id.
        """
        due = [
            observation
            for observations in self._of_event.values()
            for observation in observations
            if from_us <= observation.at_us + BEFORE_US < to_us and self._take(observation)
        ]
        due.sort(key=lambda observation: (observation.at_us, observation.event_id, observation.observation_id))
        return [Lone(one, one.event_id in self._events or has_event(one.event_id)) for one in due]

    def _take(self, observation: Observation) -> bool:
        key = (observation.event_id, observation.observation_id)
        if key in self._taken or self._is_logged(observation):
            return False
        self._taken.add(key)
        return True


def _by_event(observations: Iterable[Observation]) -> Mapping[str, list[Observation]]:
    found: dict[str, list[Observation]] = defaultdict(list)
    for observation in observations:
        found[observation.event_id].append(observation)
    for rows in found.values():
        rows.sort(key=lambda row: (row.at_us, row.observation_id))
    return found
