"""What is told over HTTP about the models of a loop, and how one of them is published again."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal

import orjson

from shared.models.published import ModelReference, Published
from shared.times import to_iso
from shared.web.json_forms import Wire


class Kept(Wire):
    """What is still in storage of a model."""

    model: bool
    training_state: bool


class Listed(Wire):
    """A model of the loop."""

    id: str
    current: bool
    origin: Literal["trained", "retrained", "imported", "applied"]
    arguments: str
    published_at: datetime
    learned_from: datetime | None
    learned_up_to: datetime | None
    learned_events: int
    first_event_id: str | None
    last_event_id: str | None
    sha256: str
    kept: Kept


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


def answer(published: Published, kept: Collection[str], fingerprint: str) -> bytes:
    """The models of a loop.

    Args:
        kept: The paths of all model blobs that are still there.
        fingerprint: Of the loop's certificate.
    """
    current = [published.model] if published.model else []
    told = [_listed(one, one is published.model, kept) for one in (*current, *published.previous)]
    return orjson.dumps({"models": told, "signer": {"fingerprint": fingerprint}})


def _listed(model: ModelReference, current: bool, kept: Collection[str]) -> dict[str, object]:
    return {
        "id": model.id,
        "current": current,
        "origin": model.origin,
        "arguments": model.arguments,
        "publishedAt": to_iso(model.made_at_us),
        "learnedFrom": _moment(model.learned_from_us),
        "learnedUpTo": _moment(model.learned_up_to_us),
        "learnedEvents": model.learned_events,
        "firstEventId": model.first_event_id,
        "lastEventId": model.last_event_id,
        "sha256": model.sha256,
        "kept": {"model": model.predictor_blob in kept, "trainingState": model.state_blob in kept},
    }


def _moment(at_us: int) -> str | None:
    return to_iso(at_us) if at_us else None
