"""A model that learns from the log: its settings, the position that it has reached, and what it has learned."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from shared.configuration.configuration import Configuration, RewardSettings, problem_type
from shared.configuration.corrections import Correction, agree
from shared.configuration.service_configuration import LearningMode
from shared.log.ranked_event import line_kind
from shared.models.published import ModelFiles
from shared.stored_objects import StoredObject


@dataclass(frozen=True, slots=True)
class Counters(StoredObject):
    """Events and observations by outcome, since the loop was made; each counted once.

    Attributes:
        passed_over: Events of another learning mode or problem type than the loop's when they were ready to be learned,
            and events that a model imported or published again by hand does not learn.
        reused_ids: Events whose id another request had used within the lookback.
        repeated: Rows that were a client's repetition of an earlier Rank.
        activated: Deferred events that were activated in time.
        out_of_range: Rewards outside -1 to 1.
        unlike_default: Rewards that differ from the default reward.
        answered_otherwise: Events of which a repetition was answered with another action, or with another chance.
        quarantined: Events that were in a quarantine when they were ready to be learned.
        single_action: Events whose Rank had one action to choose from, so that it chose nothing.
    """

    events: int = 0
    learned: int = 0
    not_activated: int = 0
    refused: int = 0
    passed_over: int = 0
    rewards: int = 0
    late: int = 0
    dangling: int = 0
    reused_ids: int = 0
    repeated: int = 0
    out_of_range: int = 0
    unlike_default: int = 0
    activated: int = 0
    answered_otherwise: int = 0
    quarantined: int = 0
    single_action: int = 0

    def plus(self, other: "Counters") -> "Counters":
        """The sums."""
        return replace(self, **{name: getattr(self, name) + getattr(other, name) for name in self.__slots__})

    def minus(self, other: "Counters") -> "Counters":
        """The differences."""
        return Counters(*(getattr(self, name) - getattr(other, name) for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class BegunBlob(StoredObject):
    """A log blob of which a model has learned the first lines, and all blobs of its part before it.

    Attributes:
        path: The blob's path.
        redacted: When the blob had been redacted last; after another redaction, these lines are other lines.
        kind: The kind of lines that were learned.
        lines: How many lines of the blob were learned or passed over.
        model: The files of the model after these lines; never published.
        counters: The lines of the part so far, by outcome.
    """

    path: str
    redacted: str
    kind: str
    lines: int
    model: ModelFiles | None
    counters: Counters


@dataclass(frozen=True, slots=True)
class Cursor(StoredObject):
    """A model that learns from the log, and the position that it has reached.

    Attributes:
        generation: The generation of `published.json` when the cursor was set.
        revision: The last revision of the configuration with the settings that the model is trained for.
        arguments: Learning arguments, verbatim.
        exploration: The number after `--epsilon`, whatever the arguments say.
        rewards: Lines that were joined under other reward settings are labelled anew under these.
        learned_up_to_us: The log position.
        model: The files of the trained model; None before the first learned event.
        mode: The loop's learning mode: events ranked in another mode are not learned.
        learned_from_us: The log position at which its learning began.
        is_lost: Whether its training state cannot be read: it learns no more, and waits for `next` to replace it.
        trained_since_revision: The first revision that it was trained for; None if that is `revision`.
        begun: The log blob with which the model goes on in the part after the position, if lines of it are learned;
            `model` has not learned them.
        corrections: How the log that it learns is corrected.
    """

    generation: int
    revision: int
    arguments: str
    exploration: float
    rewards: RewardSettings
    learned_up_to_us: int
    model: ModelFiles | None = None
    mode: LearningMode = LearningMode.ONLINE
    learned_from_us: int = 0
    is_lost: bool = False
    trained_since_revision: int | None = None
    begun: BegunBlob | None = None
    corrections: tuple[Correction, ...] = ()

    @property
    def first_revision(self) -> int:
        """The first revision of the configuration that the model was trained for."""
        return self.revision if self.trained_since_revision is None else self.trained_since_revision

    @property
    def kind(self) -> str:
        """The kind of log lines that the model learns from."""
        return line_kind(problem_type(self.arguments), self.mode)

    @property
    def events(self) -> int:
        """Events learned since the model was empty."""
        return self.model.events if self.model else 0

    def agrees_with(self, corrections: Iterable[Correction], up_to_us: int = 0) -> bool:
        """Whether what it has learned is what it would have learned of a log that is corrected in a way.

        What it has begun of a part is no matter, since that can be learned from the part's start again.

        Args:
            up_to_us: Whether log up to there matters, too, although the model has not come to it.
        """
        return agree(self.corrections, corrections, self.learned_from_us, max(self.learned_up_to_us, up_to_us))

    @property
    def learns_in(self) -> LearningMode:
        """The `learned_in` of the model once it has learned more."""
        imitates = self.model is None or self.model.learned_in in (LearningMode.APPRENTICE, LearningMode.LOGGING_ONLY)
        return LearningMode.ONLINE if self.mode is LearningMode.LOGGING_ONLY and not imitates else self.mode


def empty_cursor(configuration: Configuration, generation: int, learned_up_to_us: int) -> Cursor:
    """A cursor without a model, for the configuration as it is now."""
    return Cursor(
        generation,
        configuration.revision,
        configuration.learning.arguments,
        configuration.service.exploration_percentage,
        configuration.rewards,
        learned_up_to_us,
        mode=configuration.service.learning_mode,
        learned_from_us=learned_up_to_us,
        corrections=configuration.corrections,
    )
