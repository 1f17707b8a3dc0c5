"""A model is replaced by hand: by none, by one from outside, or by an earlier one."""

from dataclasses import replace

from shared.errors import LoopError
from shared.models.published import ModelReference, Published, Start

MOST_PREVIOUS = 50
"""How many models before the one in use can be gone back to."""


class NeverPublished(LoopError):
    """A model that is neither in use nor one of those before it."""


def replaced(published: Published, model: ModelReference | None, start: Start, at_us: int) -> Published:
    """What is published from then on; those before it stay known, newest first.

    Args:
        model: What Rank uses; None for equal chances.
        start: Where training goes on from.
    """
    before = (published.model, *published.previous) if published.model else published.previous
    previous = tuple(one for one in before if model is None or one.id != model.id)
    return replace(
        published,
        generation=published.generation + 1,
        start=start,
        model=model,
        previous=previous[:MOST_PREVIOUS],
        created_at_us=published.created_at_us if model is None else published.created_at_us or at_us,
        changed_at_us=at_us,
    )


def start_of(published: Published, model: ModelReference, train_from: str, joined_up_to_us: int) -> Start:
    """Where training goes on from after going back to an earlier model.

    Args:
        model: Its revision is that of the configuration now.
        train_from: `model`: it learns again what came after it; `end`: it learns what comes from now on; `newest`:
            the newest model goes on learning, and takes the place of this one once it has learned more.
        joined_up_to_us: Up to which time rows are log now.
    """
    if train_from == "newest":
        newest_us = max((one.learned_up_to_us for one in (published.model, *published.previous) if one), default=0)
        return Start(newest=True, learned_up_to_us=newest_us, revision=model.revision)
    start_us = model.learned_up_to_us if train_from == "model" else joined_up_to_us
    return Start(model, start_us, revision=model.revision)


def known(published: Published, model_id: str) -> ModelReference:
    """The model of an id, in use or before.

    Raises:
        NeverPublished: There is none.
    """
    for one in (published.model, *published.previous):
        if one is not None and one.id == model_id:
            return one
    raise NeverPublished(model_id)
