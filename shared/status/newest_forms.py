"""The newest Ranks, rewards and activations over HTTP."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import Field

from shared.configuration.service_configuration import LearningMode
from shared.intake.keys import canonical
from shared.intake.rows import Observation
from shared.status.newest_events import Entry, Filters, ListedRank, RewardTimes, list_times
from shared.status.traced_choice import TracedChoice
from shared.times import SECOND
from shared.web.errors import InvalidRequest
from shared.web.json_bodies import MAX_ID
from shared.web.json_forms import Moment, Wire

_TRUTHS = {"true": True, "false": False}


class NewestQuery(Wire):
    """Which of them are asked for; only Ranks have a learning mode, and are explored or rewarded.

    Attributes:
        event_id: How the id begins.
    """

    event_id: Annotated[str | None, Field(max_length=MAX_ID)] = None
    kind: Literal["rank", "reward", "activation"] | None = None
    learning_mode: Literal["Online", "Apprentice", "LoggingOnly"] | None = None
    explored: Literal["true", "false"] | None = None
    rewarded: Literal["true", "false"] | None = None


def read_filters(query: Mapping[str, str]) -> Filters:
    """Read the filters of a query.

    Raises:
        InvalidRequest: A filter has a value that it cannot have, or is of Ranks, and others are asked for.
    """
    read = NewestQuery.from_parsed(dict(query))
    filters = Filters(
        read.kind,
        canonical(read.event_id or ""),
        LearningMode(read.learning_mode) if read.learning_mode else None,
        _TRUTHS[read.explored] if read.explored else None,
        _TRUTHS[read.rewarded] if read.rewarded else None,
    )
    if filters.of_ranks and filters.of_observations:
        raise InvalidRequest("Only Ranks have a learningMode, are explored or are rewarded.", "kind")
    return filters


class ListedSlot(Wire):
    """What was chosen for a slot, and the rewards that came for it so far."""

    id: str
    reward_action_id: str
    drawn_action_id: str
    probability: float
    explored: bool | None
    explored_because: str
    rewards: list[float]


class RankEntry(Wire):
    """A Rank; a multi-slot Rank has its choices in its slots."""

    at: Moment
    kind: Literal["rank"]
    event_id: str
    reward_wait_is_over: bool
    learning_mode: str
    model: str
    deferred: bool
    activated: bool
    reward_action_id: str | None
    drawn_action_id: str | None
    probability: float | None
    explored: bool | None
    explored_because: str | None
    rewards: list[float] | None
    slots: list[ListedSlot]

    @classmethod
    def of(cls, entry: ListedRank, *, is_over: bool) -> "RankEntry":
        """The answer about a Rank."""
        rank = entry.rank
        choices = [*zip(rank.choices, entry.rewards, strict=True)]
        own = _fields(*choices[0]) if rank.choices[0].slot is None else dict.fromkeys(_fields(*choices[0]))
        return cls(
            at=entry.at_us,
            kind="rank",
            event_id=rank.arrival.event_id,
            reward_wait_is_over=is_over,
            learning_mode=rank.mode.value,
            model=rank.model_id,
            deferred=rank.deferred,
            activated=entry.activated,
            **own,
            slots=[
                ListedSlot(id=choice.slot, **_fields(choice, rewards))
                for choice, rewards in choices
                if choice.slot is not None
            ],
        )


class ObservationEntry(Wire):
    """A reward or an activation; an activation has no value, and only rewards name slots.

    Attributes:
        ranked_at, late_by_seconds: When the Rank of its event came, and how long its reward wait time was over; null of
            what came in time, and of what has no event, or one that was not found.
    """

    at: Moment
    kind: Literal["activation", "reward"]
    event_id: str
    value: float | None
    slot_id: str | None
    ranked_at: Moment | None
    late_by_seconds: float | None

    @classmethod
    def of(cls, entry: Observation, delay_us: int | None, wait_us: int) -> "ObservationEntry":
        """The answer about a reward or an activation."""
        kind: Literal["activation", "reward"] = "activation" if entry.value is None else "reward"
        return cls(
            at=entry.at_us,
            kind=kind,
            event_id=entry.event_id,
            value=entry.value,
            slot_id=entry.slot,
            ranked_at=None if delay_us is None else entry.at_us - delay_us,
            late_by_seconds=None if delay_us is None else (delay_us - wait_us) / SECOND,
        )


class IntakeRange(Wire):
    """Where they were looked for, and why not further back."""

    from_: Annotated[Moment, Field(alias="from")]
    to: Moment
    because: str


class NewestEvents(Wire):
    """The newest Ranks, rewards and activations, newest first."""

    entries: list[RankEntry | ObservationEntry]
    default_reward: float
    looked_through: IntakeRange

    @classmethod
    def of(cls, entries: Sequence[Entry], from_us: int, because: str, times: RewardTimes) -> "NewestEvents":
        """The answer."""
        listed_us = list_times(entries)
        return cls(
            entries=[
                ObservationEntry.of(
                    entry,
                    times.find_delay_us(entry, listed_us.get(canonical(entry.event_id), ())),
                    times.rewards.wait_us,
                )
                if isinstance(entry, Observation)
                else RankEntry.of(entry, is_over=times.is_over(entry))
                for entry in entries
            ],
            default_reward=times.rewards.default,
            looked_through=IntakeRange(from_=from_us, to=times.now_us, because=because),
        )


def _fields(choice: TracedChoice, rewards: Sequence[float]) -> dict[str, Any]:
    return {
        "reward_action_id": choice.action_id,
        "drawn_action_id": choice.drawn_id,
        "probability": choice.probability,
        "explored": choice.exploration.explored,
        "explored_because": choice.exploration.because,
        "rewards": [*rewards],
    }
