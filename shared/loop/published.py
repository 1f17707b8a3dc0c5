"""Which model Rank uses, and where training starts from after a model was replaced by hand."""

from dataclasses import dataclass, field


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


@dataclass(frozen=True, slots=True)
class Published:
    """What every instance obeys.

    Attributes:
        generation: Grows when a model is replaced by hand (reset); training for an older one is thrown away.
        model: The model in use; None before the first and after a reset.
        previous: Those before it, newest first.
        joined_up_to_us: No row that arrived earlier can still be joined.
        changed_at_us: When the model last changed; None for a loop that never had one.
    """

    generation: int = 0
    model: ModelReference | None = None
    previous: tuple[ModelReference, ...] = field(default=())
    joined_up_to_us: int = 0
    created_at_us: int | None = None
    changed_at_us: int | None = None
