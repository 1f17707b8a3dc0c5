"""The newest Ranks, rewards and activations, as they came, with what can be said of them before the join."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from shared.configuration.configuration import RewardSettings
from shared.configuration.service_configuration import LearningMode
from shared.intake.keys import canonical, spellings
from shared.intake.rows import Event, Observation
from shared.log import line_pieces, log_line, ranked_event
from shared.log.join import Arrival, Join, Requests
from shared.log.logged_event import read_event
from shared.log.ranked_event import RankedEvent
from shared.status import late_rewards, traced_choice
from shared.status.traced_choice import TracedChoice

MOST: Final = 50
"""So many are listed."""


@dataclass(frozen=True, slots=True)
class Rank:
    """A Rank without its features.

    Attributes:
        arrival: In the log, a Rank has no hash of its request.
    """

    arrival: Arrival
    choices: tuple[TracedChoice, ...]
    model_id: str
    mode: LearningMode
    deferred: bool

    @classmethod
    def of(cls, row: Event, event: RankedEvent) -> "Rank":
        """The Rank of a row of the intake, and of the event that it holds."""
        arrival = Arrival(row.at_us, row.event_id, row.request_hash)
        return cls(arrival, traced_choice.of_ranked(event), event.model_id, event.mode, event.deferred)


@dataclass(frozen=True, slots=True)
class ListedRank:
    """A Rank, and what came for it so far.

    Attributes:
        rewards: For each choice the rewards that count, in order of arrival.
        activated: Whether an activation came.
    """

    rank: Rank
    rewards: tuple[tuple[float, ...], ...]
    activated: bool

    @property
    def at_us(self) -> int:
        """When the Rank arrived."""
        return self.rank.arrival.at_us

    @property
    def event_id(self) -> str:
        """The id as storage holds it."""
        return self.rank.arrival.event_id


@dataclass(frozen=True, slots=True)
class Filters:
    """Which entries are listed; None and an empty text let all pass.

    Attributes:
        kind: `rank`, `reward` or `activation`.
        id_begin: How the canonical event id begins.
        explored: Whether a Rank explored, in one of its slots at least.
        rewarded: Whether a reward has come for a Rank, for one of its slots at least.
    """

    kind: str | None = None
    id_begin: str = ""
    mode: LearningMode | None = None
    explored: bool | None = None
    rewarded: bool | None = None

    @property
    def of_ranks(self) -> bool:
        """Whether only Ranks are listed, because that is asked for or because only Ranks have what is."""
        return self.kind == "rank" or (self.mode, self.explored, self.rewarded) != (None, None, None)

    @property
    def of_observations(self) -> bool:
        """Whether only rewards or only activations are listed."""
        return self.kind in ("reward", "activation")

    def passes(self, entry: "ListedRank | Observation") -> bool:
        """Whether an entry is listed."""
        if not canonical(entry.event_id).startswith(self.id_begin):
            return False
        if isinstance(entry, Observation):
            return not self.of_ranks and self.kind in (None, "activation" if entry.value is None else "reward")
        return (
            not self.of_observations
            and self.mode in (None, entry.rank.mode)
            and (self.explored is None or self._is_explored(entry.rank))
            and self.rewarded in (None, any(entry.rewards))
        )

    def _is_explored(self, rank: Rank) -> bool:
        explored = [choice.exploration.explored for choice in rank.choices]
        return any(explored) if self.explored else not any(explored) and None not in explored


type Entry = ListedRank | Observation


@dataclass(frozen=True, slots=True)
class RewardTimes:
    """By which times the rewards of a list count.

    Attributes:
        now_us: When it was read.
        events_us: When Ranks came that are not listed, by canonical id, in order of arrival.
        joined_ids: The canonical ids of observations that the log holds with their event, behind that event's.
    """

    rewards: RewardSettings
    now_us: int
    events_us: Mapping[str, Sequence[int]] = field(default_factory=dict)
    joined_ids: Collection[tuple[str, str]] = ()

    def is_over(self, entry: ListedRank) -> bool:
        """Whether no reward counts for a Rank any more."""
        is_log = not entry.rank.arrival.request_hash
        return is_log or self.now_us - entry.at_us >= self.rewards.wait_us

    def find_delay_us(self, entry: Observation, listed_us: Sequence[int]) -> int | None:
        """How long after its Rank an observation came that was too late; None for any other.

        Args:
            listed_us: When the Ranks of its id came that are listed.
        """
        event_id = canonical(entry.event_id)
        if (event_id, entry.observation_id) in self.joined_ids:
            return None
        events_us = sorted({*listed_us, *self.events_us.get(event_id, ())})
        return late_rewards.find_delay_us(entry.at_us, events_us, self.rewards.wait_us)


def list_times(entries: Iterable[Entry]) -> dict[str, list[int]]:
    """When the listed Ranks came, by canonical id."""
    times: dict[str, list[int]] = {}
    for entry in entries:
        if isinstance(entry, ListedRank):
            times.setdefault(canonical(entry.event_id), []).append(entry.at_us)
    return times


def read_ranks(rows: Iterable[Event]) -> Iterator[tuple[Rank, int]]:
    """The Ranks of rows of the intake, each with the size of its features.

    A row that was damaged in storage is none, as for the join.
    """
    for row in rows:
        with suppress(ValueError):
            event = ranked_event.unpack(row.payload, row.event_id, row.at_us)
            yield Rank.of(row, event), len(event.document)


def select(ranks: Iterable[Rank], observations: Iterable[Observation], filters: Filters, wait_us: int) -> list[Entry]:
    """Select the newest entries that pass, newest first, at most 50; what clients repeated is one entry.

    Args:
        ranks, observations: Of the last stretch of time, in any order.
        wait_us: The reward wait time.
    """
    in_order = sorted(observations, key=lambda observation: (observation.at_us, observation.observation_id))
    first = {(row.event_id, row.observation_id): row for row in reversed(in_order)}
    entries: tuple[Entry, ...] = (*_join(ranks, in_order, wait_us), *first.values())
    return newest(entries, filters)


def newest(entries: Iterable[Entry], filters: Filters) -> list[Entry]:
    """The newest entries that pass, newest first, at most 50; what is both a row and log is one entry."""
    passing = {_key(entry): entry for entry in entries if filters.passes(entry)}
    return sorted(passing.values(), key=lambda entry: entry.at_us, reverse=True)[:MOST]


def _key(entry: Entry) -> tuple[str, str | int]:
    return entry.event_id, entry.observation_id if isinstance(entry, Observation) else entry.at_us


def read_line(line: bytes, id_begin: str) -> Sequence[Entry]:
    """The entries that a log line stands for: a Rank and all that came for it, or what came for no Rank.

    Args:
        id_begin: A line of an id that begins otherwise stands for none.
    """
    if not any(line_pieces.event_id(begin)[:-1] in line for begin in spellings(id_begin)):
        return ()
    if not log_line.is_event(line):
        return (log_line.read_lone(line)[0],)
    event = read_event(line)
    arrival = Arrival(event.at_us, event.event_id, "")
    rank = Rank(arrival, traced_choice.of_logged(event), event.model_id, event.mode, event.deferred)
    return (_with_observations(rank, event.observations), *event.observations)


def _join(ranks: Iterable[Rank], observations: Iterable[Observation], wait_us: int) -> Iterator[ListedRank]:
    """The Ranks that repeat no other, with the observations of their windows so far."""
    of_event: defaultdict[str, list[Observation]] = defaultdict(list)
    for observation in observations:
        of_event[observation.event_id].append(observation)
    requests, join = Requests(), Join(of_event, wait_us, lambda _: False)
    for rank in sorted(ranks, key=lambda rank: rank.arrival.at_us):
        if requests.is_event(rank.arrival):
            yield _with_observations(rank, join.event(rank.arrival).observations)


def _with_observations(rank: Rank, observations: Sequence[Observation]) -> ListedRank:
    of_slot: Mapping[str | None, list[float]] = {choice.slot: [] for choice in rank.choices}
    for observation in observations:
        if observation.value is not None and observation.slot in of_slot:
            of_slot[observation.slot].append(observation.value)
    rewards = tuple(tuple(of_slot[choice.slot]) for choice in rank.choices)
    return ListedRank(rank, rewards, any(observation.value is None for observation in observations))
