"""The replacement of a model by hand: by no model, by a model from outside, or by an earlier model."""

from dataclasses import replace

from shared.models.published import ModelReference, Published, Start


def replace_model(published: Published, model: ModelReference | None, start: Start, at_us: int) -> Published:
    """What is published from now on; the models before stay in the list, newest first.

    Args:
        model: What Rank uses; None for equal chances.
        start: Where training goes on from.
    """
    return replace(
        published.with_model(model),
        generation=published.generation + 1,
        start=start,
        created_at_us=published.created_at_us if model is None else published.created_at_us or at_us,
        changed_at_us=at_us,
        trial=None,
    )


def start_of(published: Published, model: ModelReference, train_from: str, joined_up_to_us: int) -> Start:
    """Where training goes on from after an earlier model was published again.

    Args:
        model: The earlier model, with the revision of the configuration now.
        train_from: `model`: the model learns again what came after it; `end`: the model learns what comes from now on;
            `newest`: the newest model goes on learning, and replaces this model once it has learned more.
        joined_up_to_us: The time up to which rows are log now.
    """
    if train_from == "newest":
        newest_us = max((reference.learned_up_to_us for reference in published.models), default=0)
        return Start(newest=True, learned_up_to_us=newest_us, revision=model.revision)
    start_us = model.learned_up_to_us if train_from == "model" else joined_up_to_us
    return Start(model, start_us, revision=model.revision)


def find_model(published: Published, model_id: str) -> ModelReference | None:
    """The model of an id, in use or among the last models before it; None if it is none of them."""
    return next((model for model in published.models if model.id == model_id), None)
