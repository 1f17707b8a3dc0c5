"""The published model, which Rank uses, and where training goes on from after a replacement by hand."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Self

from shared.configuration.configuration import LearningSettings, problem_type
from shared.configuration.service_configuration import LearningMode
from shared.configuration.settings_change import SettingsChange
from shared.stored_objects import StoredObject
from shared.times import compact, from_compact

ID_DIGITS = 12
"""How many digits of the SHA-256 of its predictor a model's id ends with."""


class Origin(StrEnum):
    """Why a model was made."""

    TRAINED = "trained"
    RETRAINED = "retrained"
    IMPORTED = "imported"
    APPLIED = "applied"


@dataclass(frozen=True, slots=True)
class ModelFiles(StoredObject):
    """The two files of a trained model in blob storage, each named by its SHA-256, and what the model learned.

    Attributes:
        state_blob: Blob path of the training state, which training goes on from.
        predictor_blob: Blob path of the predictor, the model that Rank loads.
        events: Events learned since the model was empty.
        first_event_id: The first of those events; None if unknown.
        last_event_id: The last of those events; None if unknown.
        learned_in: The learning mode of the events that it learned last. Online also after some of `LoggingOnly`, which
            a model that has learned Online goes on with; None if unknown.
    """

    state_blob: str
    state_sha256: str
    predictor_blob: str
    predictor_sha256: str
    events: int
    first_event_id: str | None = None
    last_event_id: str | None = None
    learned_in: LearningMode | None = None

    @classmethod
    def at(
        cls,
        state_blob: str,
        predictor_blob: str,
        events: int,
        first: str | None = None,
        last: str | None = None,
        learned_in: LearningMode | None = None,
    ) -> Self:
        """The model whose training state and predictor are at two paths, which end with their SHA-256."""
        return cls(
            state_blob,
            sha256_in(state_blob),
            predictor_blob,
            sha256_in(predictor_blob),
            events,
            first,
            last,
            learned_in,
        )

    @property
    def paths(self) -> tuple[str, str]:
        """The blob paths of both files."""
        return self.state_blob, self.predictor_blob


@dataclass(frozen=True, slots=True)
class ModelReference(StoredObject):
    """A trained model as `published.json` or a document of its own names it: its files, and how it was made.

    Attributes:
        id: Unique; a single path segment; as `model_id`.
        predictor_blob: Blob path of the model that Rank loads; its SHA-256 is `sha256`.
        state_blob: Blob path of the training state that the predictor was made from.
        arguments: The learning arguments of the training.
        revision: The configuration's revision at the training.
        learned_up_to_us: The log position that the model has learned up to.
        learned_events: Events learned since the model was empty.
        made_at_us: When the model was published.
        origin: Why the model was made.
        learned_from_us: The log position at which its learning began.
        first_event_id: The first learned event; None if unknown.
        last_event_id: The last learned event; None if unknown.
        learned_in: As that of its files.
        signer: The fingerprint of the certificate by which an imported model was signed; None if it was not signed, or
            not imported, or imported by a version that did not note it.
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
    learned_in: LearningMode | None = None
    signer: str | None = None

    @classmethod
    def of(
        cls,
        files: ModelFiles,
        model_id: str,
        *,
        arguments: str,
        revision: int,
        learned_from_us: int,
        learned_up_to_us: int,
        made_at_us: int,
        origin: Origin,
        signer: str | None = None,
    ) -> Self:
        """The reference to a model with these files."""
        return cls(
            model_id,
            files.predictor_blob,
            files.predictor_sha256,
            files.state_blob,
            arguments,
            revision,
            learned_up_to_us,
            files.events,
            made_at_us,
            origin,
            learned_from_us,
            files.first_event_id,
            files.last_event_id,
            files.learned_in,
            signer,
        )

    @property
    def files(self) -> ModelFiles:
        """The files that the reference names."""
        return ModelFiles(
            self.state_blob,
            sha256_in(self.state_blob),
            self.predictor_blob,
            self.sha256,
            self.learned_events,
            self.first_event_id,
            self.last_event_id,
            self.learned_in,
        )

    def without_event_ids(self) -> Self:
        """The reference as it is kept where no redaction looks for the ids of events."""
        return replace(self, first_event_id=None, last_event_id=None)


@dataclass(frozen=True, slots=True)
class Start(StoredObject):
    """The point from which training goes on after a model was replaced by hand.

    Attributes:
        model: The model that learns on; None begins with an empty model.
        learned_up_to_us: The log position that learning goes on from; log that a running trainer joins meanwhile is
            learned, too. None for the end of the log when the trainer reads this.
        newest: Whether the trainer keeps the model that it is training, although Rank uses another; that model is
            published again once it has learned beyond `learned_up_to_us`.
        revision: The configuration's revision at the replacement: settings changed later start a re-training. None for
            the revision when the trainer reads this.
    """

    model: ModelReference | None = None
    learned_up_to_us: int | None = None
    newest: bool = False
    revision: int | None = None


@dataclass(frozen=True, slots=True)
class PublishedTrial(StoredObject):
    """A challenger whose choices Rank shows in a part of the exploration.

    Attributes:
        id: That of the trial.
        challenger: Its model.
        revision: That of the trial; under a configuration of another one, no event is drawn in it.
    """

    id: str
    challenger: ModelReference
    revision: int = 0


@dataclass(frozen=True, slots=True)
class Published(StoredObject):
    """The content of `published.json`, which every instance follows.

    Attributes:
        generation: Grows when a model is replaced by hand (reset, import, roll back); training for an earlier
            generation is discarded.
        start: Where training goes on from in this generation.
        model: The model in use; None before the first model and after a reset.
        previous: The last models before it, newest first; references to earlier models are documents of their own.
        joined_up_to_us: Rows that arrived earlier can no longer be joined.
        created_at_us: When the loop first had a model; None for a loop that never had one.
        changed_at_us: When the model last changed; None for a loop that never had one.
        changes: The last few replacements by hand, the oldest first.
        trial: The challenger on trial; None without one.
    """

    generation: int = 0
    start: Start = field(default_factory=Start)
    model: ModelReference | None = None
    previous: tuple[ModelReference, ...] = field(default=())
    joined_up_to_us: int = 0
    created_at_us: int | None = None
    changed_at_us: int | None = None
    changes: tuple[SettingsChange, ...] = ()
    trial: PublishedTrial | None = None

    @property
    def models(self) -> tuple[ModelReference, ...]:
        """The model in use, and those before it, newest first."""
        return self.previous if self.model is None else (self.model, *self.previous)

    @property
    def of_challenger(self) -> "Published":
        """What is published of the challenger alone, as a model that an instance follows."""
        return Published(model=self.trial.challenger if self.trial else None)

    def model_for(self, learning: LearningSettings) -> ModelReference | None:
        """The model that Rank uses; None if it is of the other problem type, which Rank passes over."""
        fits = self.model is not None and problem_type(self.model.arguments) == learning.problem_type
        return self.model if fits else None

    def with_model(self, model: ModelReference | None) -> Self:
        """The same with another model in use, or none; the models before it stay in the list, each once."""
        previous = tuple(earlier for earlier in self.models if model is None or earlier.id != model.id)
        return replace(self, model=model, previous=previous)


def model_id(position_us: int, revision: int, predictor_sha256: str) -> str:
    """The id of a model: a moment, the configuration's revision, and the first digits of the predictor's SHA-256.

    Args:
        position_us: The log position that the model has learned up to; the moment of the import for a model from
            outside.
    """
    return f"{compact(position_us)}-{revision}-{predictor_sha256[:ID_DIGITS]}"


def position_of(id_: str) -> int:
    """The moment with which a model's id begins."""
    return from_compact(id_.split("-", 1)[0])


def sha256_in(path: str) -> str:
    """The SHA-256 that a model blob's path ends with."""
    return path.rsplit("/", 1)[-1].removesuffix(".vw")
