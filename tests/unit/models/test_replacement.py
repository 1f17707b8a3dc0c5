"""The published model after a replacement by hand."""

import pytest

from shared.models.published import ModelReference, Published
from shared.models.replacement import find_model, replace_model, start_of

AT_US = 9_000


def model(name: str, learned_up_to_us: int = 1) -> ModelReference:
    return ModelReference(name, f"{name}.vw", name, f"{name}.state", "--x", 1, learned_up_to_us, 1, 1)


A, B, C = model("a", 10), model("b", 20), model("c", 30)
PUBLISHED = Published(generation=4, model=C, previous=(B, A), created_at_us=1, changed_at_us=2)


def test_the_model_before_becomes_the_newest_of_the_previous_models() -> None:
    """The new generation makes the trainer discard what it trained for the generation before."""
    after = replace_model(PUBLISHED, model("d"), start_of(PUBLISHED, B, "end", AT_US), AT_US)

    assert (after.generation, after.model, after.previous) == (5, model("d"), (C, B, A))
    assert (after.created_at_us, after.changed_at_us) == (1, AT_US)


def test_a_model_that_is_published_again_is_in_the_list_once() -> None:
    """However often it is published again."""
    after = replace_model(PUBLISHED, A, start_of(PUBLISHED, A, "model", AT_US), AT_US)
    again = replace_model(after, C, start_of(after, C, "model", AT_US), AT_US)

    assert (after.model, after.previous) == (A, (C, B))
    assert (again.model, again.previous) == (C, (A, B))


def test_after_a_reset_all_models_are_still_in_the_list() -> None:
    """So that the reset can be undone."""
    after = replace_model(PUBLISHED, None, start_of(PUBLISHED, C, "end", AT_US), AT_US)

    assert (after.model, after.previous) == (None, (C, B, A))
    assert find_model(after, "c") == C


def test_a_first_model_by_hand_is_the_moment_at_which_the_loop_first_had_a_model() -> None:
    """A reset of a loop without a model is no such moment."""
    nothing = Published()

    assert replace_model(nothing, A, start_of(nothing, A, "end", AT_US), AT_US).created_at_us == AT_US
    assert replace_model(nothing, None, start_of(nothing, A, "end", AT_US), AT_US).created_at_us is None


@pytest.mark.parametrize(
    ("train_from", "expected"),
    [("model", (A, 10, False)), ("end", (A, AT_US, False)), ("newest", (None, 30, True))],
)
def test_training_goes_on_from_where_the_caller_says(
    train_from: str, expected: tuple[ModelReference | None, int | None, bool]
) -> None:
    """From the model, from the end of the log, or with the newest model beyond the newest position so far."""
    start = start_of(PUBLISHED, A, train_from, AT_US)

    assert (start.model, start.learned_up_to_us, start.newest) == expected


def test_a_model_that_was_never_published_is_not_found() -> None:
    """Only the model in use and the models before it can be published again."""
    assert find_model(PUBLISHED, "a") == A
    assert find_model(PUBLISHED, "d") is None
