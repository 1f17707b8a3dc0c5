"""The trainer's commit record: how far rows have become log, what is being joined, and how far models have learned."""

from dataclasses import dataclass, field, replace

from shared.loop.configuration import Configuration, RewardSettings
from shared.loop.published import ModelReference, Published
from shared.loop.times import DAY


@dataclass(frozen=True, slots=True)
class Intent:
    """A part that is being joined: its log blob is a pure function of this and of the rows that count.

    Attributes:
        from_us: First arrival time of the part's events.
        to_us: The first one after it.
        rewards: The settings it is joined under.
        deleted_before_us: Rows that arrived earlier are not logged.
        look_back_us: How much earlier log may hold the same observations.
    """

    from_us: int
    to_us: int
    rewards: RewardSettings
    deleted_before_us: int
    look_back_us: int

    @property
    def since_us(self) -> int:
        """From when on earlier log matters to the part."""
        return self.from_us - self.look_back_us


@dataclass(frozen=True, slots=True)
class StoredModel:
    """A trained model in blob storage.

    Attributes:
        state_blob: Blob path of what training goes on from; its name is `state_sha256`.
        predictor_blob: Blob path of what Rank loads; its name is `predictor_sha256`.
        events: Events learned since the model was empty.
    """

    state_blob: str
    state_sha256: str
    predictor_blob: str
    predictor_sha256: str
    events: int


@dataclass(frozen=True, slots=True)
class Cursor:
    """A model that learns from the log, and how far it has come.

    Attributes:
        generation: Of `published.json`, when the cursor was set.
        revision: Of the configuration that it learns for.
        arguments: Learning arguments, verbatim.
        exploration: The number that stands for the one after `--epsilon`.
        rewards: Lines that were joined under other reward settings are labelled anew under these.
        learned_up_to_us: The log position.
        model: None as long as nothing was learned.
    """

    generation: int
    revision: int
    arguments: str
    exploration: float
    rewards: RewardSettings
    learned_up_to_us: int
    model: StoredModel | None = None

    @property
    def events(self) -> int:
        """Events learned since the model was empty."""
        return self.model.events if self.model else 0


@dataclass(frozen=True, slots=True)
class Counters:
    """Events and observations by fate, since the loop was made; each counted once.

    Attributes:
        reused_ids: Events whose id another request had used within the look-back.
        repeated: Rows that were a client's repetition of an earlier Rank.
        out_of_range: Rewards outside -1 to 1.
    """

    events: int = 0
    learned: int = 0
    not_activated: int = 0
    refused: int = 0
    rewards: int = 0
    late: int = 0
    dangling: int = 0
    reused_ids: int = 0
    repeated: int = 0
    out_of_range: int = 0

    def plus(self, other: "Counters") -> "Counters":
        """The sums."""
        return Counters(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class LongWait:
    """Until the join has passed `until_us`, observations may have been logged under a wait of `wait_us`."""

    until_us: int
    wait_us: int


@dataclass(frozen=True, slots=True)
class LastRun:
    """The last run that found something to do."""

    started_us: int
    ended_us: int
    joined_events: int
    learned_events: int


@dataclass(frozen=True, slots=True)
class State:
    """All that the trainer knows; whoever holds the lease goes on from here.

    Attributes:
        joined_up_to_us: Every counting row that arrived earlier is in the log.
        counted_up_to_us: Up to which log position events are in `counters` as learned or not.
        publishing: A model whose publication may not be complete.
        published_at_us: When the last model was published.
        problem: Why training or publishing does not go on, in plain words.
    """

    joined_up_to_us: int
    running: Cursor
    next: Cursor | None = None
    intent: Intent | None = None
    publishing: ModelReference | None = None
    published_at_us: int | None = None
    counted_up_to_us: int = 0
    counters: Counters = field(default_factory=Counters)
    long_waits: tuple[LongWait, ...] = ()
    last_run: LastRun | None = None
    problem: str | None = None
    kept_at_us: int = 0


def empty_cursor(configuration: Configuration, generation: int, learned_up_to_us: int) -> Cursor:
    """A cursor without a model, for the configuration as it is now."""
    return Cursor(
        generation,
        configuration.revision,
        configuration.learning.arguments,
        configuration.service.exploration_percentage,
        configuration.rewards,
        learned_up_to_us,
    )


def new_state(configuration: Configuration, published: Published) -> State:
    """The state of a loop that was never trained."""
    return State(joined_up_to_us=0, running=empty_cursor(configuration, published.generation, 0))


def steered(state: State, configuration: Configuration, published: Published) -> State:
    """The state after obeying what was published and configured since: a reset, or a change that learns anew.

    A reset starts an empty model at the end of the log. A new revision starts `next` from the last
    `modelRetrainDays` of log, while `running` goes on.
    """
    if state.running.generation != published.generation:
        fresh = empty_cursor(configuration, published.generation, state.joined_up_to_us)
        return replace(state, running=fresh, next=None, publishing=None)
    if configuration.revision == state.running.revision:
        return state if state.next is None else replace(state, next=None)
    if state.next is not None and state.next.revision == configuration.revision:
        return state
    start = max(0, state.joined_up_to_us - configuration.service.model_retrain_days * DAY)
    return replace(state, next=empty_cursor(configuration, published.generation, start))


def caught_up(state: State) -> State:
    """The state in which `next` has taken the place of `running`, if it has learned all that is in the log.

    A `next` that found nothing to learn takes the place only of a model that has learned nothing either.
    """
    candidate = state.next
    if candidate is None or candidate.learned_up_to_us < state.joined_up_to_us:
        return state
    if candidate.events == 0 and state.running.events > 0:
        return state
    return replace(state, running=candidate, next=None)
