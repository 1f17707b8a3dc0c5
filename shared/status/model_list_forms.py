"""The list of a loop's models over HTTP, and the request that publishes one of them again."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import WithJsonSchema

from shared.metrics.model_rewards import ModelSums
from shared.metrics.model_rewards_forms import Earned
from shared.models.published import ModelReference, Origin
from shared.web.json_forms import Moment, Wire


class Kept(Wire):
    """What is still in storage of a model."""

    model: bool
    training_state: bool


@dataclass(frozen=True, slots=True)
class ListedModel:
    """A model as it is listed: its reference, what it earned, and whether Rank uses it."""

    reference: ModelReference
    sums: ModelSums
    is_current: bool = False


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
    earned: Earned

    @classmethod
    def of(cls, listed: ListedModel, stored: Collection[str]) -> "Listed":
        """A model in use or before, and which of its blobs are among those stored."""
        model = listed.reference
        return cls(
            id=model.id,
            current=listed.is_current,
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
            earned=Earned.of(listed.sums),
        )


class ModelSigner(Wire):
    """The certificate that signs what this loop exports."""

    fingerprint: str


class Models(Wire):
    """The model in use and those before it, newest first; with the address of the next page, if there is one.

    Attributes:
        missing: What is not in the figures of what models earned; null for nothing.
    """

    models: list[Listed]
    signer: ModelSigner
    missing: str | None
    next_link: str | None = None


class PublishRequest(Wire):
    """How training goes on after an earlier model was published again.

    Attributes:
        train_from: Without a word from the end of the log, so that what is gone back from is not learned again.
    """

    train_from: Literal["model", "end", "newest"] = "end"


def answer(
    models: Sequence[ListedModel],
    stored: Collection[str],
    fingerprint: str,
    missing: str | None,
    next_link: str | None = None,
) -> bytes:
    """The body of an answer with a page of the loop's models.

    Args:
        stored: The paths of all model blobs that are still there.
        fingerprint: Of the loop's certificate.
        missing: What is not in the figures.
    """
    more = {} if next_link is None else {"next_link": next_link}
    listed = [Listed.of(model, stored) for model in models]
    return Models(models=listed, signer=ModelSigner(fingerprint=fingerprint), missing=missing, **more).to_json()
