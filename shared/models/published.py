"""Which model Rank uses, and where training starts from after a model was replaced by hand."""

from dataclasses import dataclass, field
from enum import StrEnum


class Origin(StrEnum):
    """Why a model was made."""

    TRAINED = "trained"
    RETRAINED = "retrained"
    IMPORTED = "imported"
    APPLIED = "applied"


@dataclass(frozen=True, slots=True)
class ModelReference:
    """A model that was trained and can be used.

    Attributes:
        id: Unique; a single path segment.
        predictor_blob: Blob path of the model that Rank loads; its SHA-256 is `sha256`.
        state_blob: Blob path of the training state it was made from.
        arguments: The learning arguments it was trained with.
        revision: The configuration's revision it was trained for.
        learned_up_to_us: The log position it has learned up to.
        learned_events: Events it has learned from since it was empty.
        made_at_us: When it was published.
        origin: Why it was made.
        learned_from_us: The log position at which its learning began.
        first_event_id: Of the events it has learned from; None if that is not known.
        last_event_id: Of the same.
    """

    id: str
    predictor_blob: str
    sha256: str
    state_blob: str
    arguments: str
    revision: int
    learned_up_to_us: int
    learned_events: int
    made_at_us: int
    origin: Origin = Origin.TRAINED
    learned_from_us: int = 0
    first_event_id: str | None = None
    last_event_id: str | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """Where training goes on from after a model was replaced by hand.

    Attributes:
        model: What it goes on with; None begins with an empty one.
        learned_up_to_us: From which log position on: what a run that is under way joins meanwhile is learned, too. None
            for the end of the log when the trainer hears of it.
        newest: Whether the trainer keeps the model that it is training, in spite of what Rank uses meanwhile; then
            `learned_up_to_us` is what it must have learned beyond before it takes the place of that.
        revision: Of the configuration when it was replaced: settings that changed since are still to be learned anew.
            None for that of the moment at which the trainer hears of it.
    """

    model: ModelReference | None = None
    learned_up_to_us: int | None = None
    newest: bool = False
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """What every instance obeys.

    Attributes:
        generation: Grows when a model is replaced by hand (reset, import, roll back); training for an older one is
            thrown away.
        start: Where training goes on from in this generation.
        model: The model in use; None before the first and after a reset.
        previous: Those before it, newest first.
        joined_up_to_us: No row that arrived earlier can still be joined.
        changed_at_us: When the model last changed; None for a loop that never had one.
    """

    generation: int = 0
    start: Start = field(default_factory=Start)
    model: ModelReference | None = None
    previous: tuple[ModelReference, ...] = field(default=())
    joined_up_to_us: int = 0
    created_at_us: int | None = None
    changed_at_us: int | None = None
