"""The join: which row is an event, and which observations belong to it."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from shared.intake.keys import canonical
from shared.intake.rows import Observation
from shared.times import MINUTE

BEFORE_US = 2 * MINUTE
"""How long before its event an observation may arrive, and within which the same Rank again is a repetition."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One row of a Rank, without its payload.

    Attributes:
        payload_bytes: Size of the payload.
    """

    at_us: int
    event_id: str
    request_hash: str
    payload_bytes: int = 0

    @property
    def request(self) -> tuple[str, str]:
        """The canonical id and the hash of the request: the same in a client's repetition."""
        return canonical(self.event_id), self.request_hash


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


class Requests:
    """Distinguishes events from clients' repetitions.

    A row is a repetition if another row with the same id and the same request, itself a repetition or not, arrived less
    than two minutes before.
    """

    def __init__(self) -> None:
        self._last_us: dict[tuple[str, str], int] = {}
        self._event_us: dict[tuple[str, str], int] = {}

    def copy(self) -> "Requests":
        """The same requests, to go on from apart."""
        other = Requests()
        other._last_us, other._event_us = self._last_us.copy(), self._event_us.copy()
        return other

    def is_event(self, arrival: Arrival) -> bool:
        """Whether a row is an event; to be called in order of arrival."""
        return self.event_us(arrival) is None

    def event_us(self, arrival: Arrival) -> int | None:
        """When the event arrived that a row repeats; None for an event. To be called instead of `is_event`.

        Of an event that came before all rows of this object, it is when its first repetition among them came.
        """
        request = arrival.request
        before = self._last_us.pop(request, None)
        self._last_us[request] = arrival.at_us
        if before is None or arrival.at_us - before >= BEFORE_US:
            self._event_us.pop(request, None)
            return None
        return self._event_us.setdefault(request, before)

    def forget(self, before_us: int) -> None:
        """Forget the requests that can have no repetition at or after a moment."""
        for request, last_us in list(self._last_us.items()):
            if last_us > before_us - BEFORE_US:
                return
            del self._last_us[request]
            self._event_us.pop(request, None)


class Repetitions[Row]:
    """The repetitions of the events that were repeated.

    Args:
        rows: The rows from a moment on, in order of arrival, each with what stands for it here.
        before: The requests before that moment; they are not changed.
    """

    def __init__(self, rows: Iterable[tuple[Arrival, Row]], before: Requests) -> None:
        self._of_event: defaultdict[tuple[tuple[str, str], int], list[Row]] = defaultdict(list)
        requests = before.copy()
        for arrival, row in rows:
            event_us = requests.event_us(arrival)
            if event_us is not None:
                self._of_event[arrival.request, event_us].append(row)

    def of(self, event: Arrival) -> Sequence[Row]:
        """The repetitions of an event, in order of arrival."""
        return self._of_event.get((event.request, event.at_us), ())


def belongs(observed_us: int, event_us: int, wait_us: int) -> bool:
    """Whether an observation lies in an event's window: less than two minutes before it, less than the wait after.

    Source: the joiner of the old service, which compares strictly.
    """
    return observed_us - event_us < wait_us and event_us - observed_us < BEFORE_US


def of_earlier_ids(
    of_event: Mapping[str, Sequence[Observation]], event_ids: Iterable[str]
) -> Mapping[str, Sequence[Observation]]:
    """Give events under ids that an earlier version stored as they were sent also what came since, by canonical ids.

    Args:
        of_event: Observations by event id, in order of arrival; so is what is given back.
    """
    earlier = {event_id: canonical(event_id) for event_id in event_ids if canonical(event_id) != event_id}
    both = {event_id: [*of_event.get(event_id, ()), *of_event.get(now, ())] for event_id, now in earlier.items()}
    return (
        {**of_event, **{event_id: sorted(rows, key=_arrival) for event_id, rows in both.items()}} if both else of_event
    )


def _arrival(observation: Observation) -> int:
    return observation.at_us


class Join:
    """The join of one part: gives each event its observations, and lists the observations without an event.

    Args:
        of_event: The observations of the part's window by event id, in order of arrival, repetitions included.
        wait_us: The reward wait time.
        is_logged: Whether earlier log holds an observation already.
    """

    def __init__(
        self, of_event: Mapping[str, Sequence[Observation]], wait_us: int, is_logged: Callable[[Observation], bool]
    ) -> None:
        self._of_event = of_event
        self._wait_us = wait_us
        self._is_logged = is_logged
        self._first_us: dict[str, int] = {}
        self._ahead: dict[str, list[Observation]] = {}
        self.joined_keys: set[tuple[str, str]] = set()

    def event(self, arrival: Arrival) -> Joined:
        """Join one event; to be called in order of arrival, since the earliest event of an id takes first."""
        self._first_us.setdefault(arrival.event_id, arrival.at_us)
        if arrival.event_id not in self._of_event:
            return Joined(arrival, ())
        ahead = self._observations_ahead(arrival.event_id)
        observations = []
        while ahead and ahead[-1].at_us - arrival.at_us < self._wait_us:
            observation = ahead.pop()
            if belongs(observation.at_us, arrival.at_us, self._wait_us) and self._take(observation):
                observations.append(observation)
        return Joined(arrival, tuple(observations))

    def has_event(self, event_id: str) -> bool:
        """Whether the part has had an event of that id so far."""
        return event_id in self._first_us

    def lone(self, ready: Iterable[Observation], has_event: Callable[[str], bool]) -> list[Lone]:
        """The observations that belong to no event, and to which no later event can belong; to be called at the end.

        Args:
            ready: The observations that arrived two minutes before a moment of the part.
            has_event: Whether earlier log holds an event of an id.
        """
        in_order = sorted(ready, key=lambda lone: (lone.at_us, lone.event_id, lone.observation_id))
        return [
            Lone(observation, self._is_late(observation) or has_event(observation.event_id))
            for observation in in_order
            if self._take(observation)
        ]

    def _observations_ahead(self, event_id: str) -> list[Observation]:
        """The observations of an id that none of its events has passed yet, last first.

        A later event cannot take what an earlier one has passed. So each observation is visited once, even where all
        events share one id.
        """
        if event_id not in self._ahead:
            self._ahead[event_id] = [*_without_repetitions(self._of_event[event_id])][::-1]
        return self._ahead[event_id]

    def _is_late(self, observation: Observation) -> bool:
        """Whether an event of the same id came before the observation, or less than two minutes after it."""
        first_us = self._first_us.get(observation.event_id)
        return first_us is not None and first_us < observation.at_us + BEFORE_US

    def _take(self, observation: Observation) -> bool:
        key = (observation.event_id, observation.observation_id)
        if key in self.joined_keys or self._is_logged(observation):
            return False
        self.joined_keys.add(key)
        return True


def _without_repetitions(observations: Sequence[Observation]) -> Iterator[Observation]:
    """Of each observation the row that came first, whose arrival decides to which event the observation belongs."""
    ids: set[str] = set()
    for observation in observations:
        if observation.observation_id not in ids:
            ids.add(observation.observation_id)
            yield observation
