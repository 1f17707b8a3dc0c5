"""The join: which row is an event, and which observations belong to it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

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


class Requests:
    """Tells events from clients' repetitions.

    A row with the same id and the same request less than two minutes after another such row, be that one a repetition
    or not, is a repetition.
    """

    def __init__(self) -> None:
        self._last_us: dict[tuple[str, str], int] = {}

    def is_event(self, arrival: Arrival) -> bool:
        """Whether a row is an event; must be asked in order of arrival."""
        before = self._last_us.pop(arrival.request, None)
        self._last_us[arrival.request] = arrival.at_us
        return before is None or arrival.at_us - before >= BEFORE_US

    def forget(self, before_us: int) -> None:
        """Let go of what can have no repetition at or after a moment."""
        for request, last_us in list(self._last_us.items()):
            if last_us > before_us - BEFORE_US:
                return
            del self._last_us[request]


def belongs(observed_us: int, event_us: int, wait_us: int) -> bool:
    """Whether an observation lies in an event's window: less than two minutes before it, less than the wait after.

    Source: the joiner of the old service, which compares strictly.
    """
    return observed_us - event_us < wait_us and event_us - observed_us < BEFORE_US


class Join:
    """The join of one part: gives each event its observations, and finds those that have none.

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
        self.taken: set[tuple[str, str]] = set()

    def event(self, arrival: Arrival) -> Joined:
        """Join one event; must be called in order of arrival, since the earliest event of an id takes first."""
        self._first_us.setdefault(arrival.event_id, arrival.at_us)
        if arrival.event_id not in self._of_event:
            return Joined(arrival, ())
        ahead = self._observations_ahead(arrival.event_id)
        mine = []
        while ahead and ahead[-1].at_us - arrival.at_us < self._wait_us:
            observation = ahead.pop()
            if belongs(observation.at_us, arrival.at_us, self._wait_us) and self._take(observation):
                mine.append(observation)
        return Joined(arrival, tuple(mine))

    def has_event(self, event_id: str) -> bool:
        """Whether the part has had an event of that id so far."""
        return event_id in self._first_us

    def lone(self, due: Iterable[Observation], has_event: Callable[[str], bool]) -> list[Lone]:
        """The observations that belong to no event and for which none can come any more; to be called after all events.

        Args:
            due: Those whose own arrival is two minutes before a moment of the part.
            has_event: Whether earlier log holds an event of that id.
        """
        left = sorted(due, key=lambda one: (one.at_us, one.event_id, one.observation_id))
        return [Lone(one, self._is_late(one) or has_event(one.event_id)) for one in left if self._take(one)]

    def _observations_ahead(self, event_id: str) -> list[Observation]:
        """Those that no event of the id has reached yet, last first; what one has passed, no later one can take.

        So each is looked at once, even where all events share one id.
        """
        if event_id not in self._ahead:
            self._ahead[event_id] = [*_without_repetitions(self._of_event[event_id])][::-1]
        return self._ahead[event_id]

    def _is_late(self, observation: Observation) -> bool:
        """Whether an event of its id came when it was due, or before; one that comes later is none of its own."""
        first_us = self._first_us.get(observation.event_id)
        return first_us is not None and first_us < observation.at_us + BEFORE_US

    def _take(self, observation: Observation) -> bool:
        key = (observation.event_id, observation.observation_id)
        if key in self.taken or self._is_logged(observation):
            return False
        self.taken.add(key)
        return True


def _without_repetitions(observations: Sequence[Observation]) -> Iterator[Observation]:
    """Of each observation the row that came first: only that one's arrival says where it belongs."""
    seen: set[str] = set()
    for observation in observations:
        if observation.observation_id not in seen:
            seen.add(observation.observation_id)
            yield observation
