"""The list of a loop's models over HTTP, and the request that publishes one of them again."""

from collections.abc import Collection
from typing import Annotated, Literal

from pydantic import WithJsonSchema

from shared.models.published import ModelReference, Origin, Published
from shared.web.json_forms import Moment, Wire


class Kept(Wire):
    """What is still in storage of a model."""

    model: bool
    training_state: bool


class Listed(Wire):
    """A model of the loop."""

    id: str
    current: bool
    origin: Annotated[str, WithJsonSchema({"enum": [*Origin], "title": "Origin", "type": "string"})]
    arguments: str
    published_at: Moment
    learned_from: Moment | None
    learned_up_to: Moment | None
    learned_events: int
    first_event_id: str | None
    last_event_id: str | None
    sha256: str
    kept: Kept

    @classmethod
    def of(cls, model: ModelReference, current: bool, stored: Collection[str]) -> "Listed":
        """A model in use or before, and which of its blobs are among those stored."""
        return cls(
            id=model.id,
            current=current,
            origin=model.origin.value,
            arguments=model.arguments,
            published_at=model.made_at_us,
            learned_from=model.learned_from_us or None,
            learned_up_to=model.learned_up_to_us or None,
            learned_events=model.learned_events,
            first_event_id=model.first_event_id,
            last_event_id=model.last_event_id,
            sha256=model.sha256,
            kept=Kept(model=model.predictor_blob in stored, training_state=model.state_blob in stored),
        )


class ModelSigner(Wire):
    """The certificate that signs what this loop exports."""

    fingerprint: str


class Models(Wire):
    """The model in use and those before it, newest first."""

    models: list[Listed]
    signer: ModelSigner


class PublishRequest(Wire):
    """How training goes on after an earlier model was published again.

    Attributes:
        train_from: Without a word from the end of the log, so that what is gone back from is not learned again.
    """

    train_from: Literal["model", "end", "newest"] = "end"


def models(published: Published, stored: Collection[str], fingerprint: str) -> Models:
    """The models of a loop.

    Args:
        stored: The paths of all model blobs that are still there.
        fingerprint: Of the loop's certificate.
    """
    current = [published.model] if published.model else []
    listed = [Listed.of(model, model is published.model, stored) for model in (*current, *published.previous)]
    return Models(models=listed, signer=ModelSigner(fingerprint=fingerprint))
