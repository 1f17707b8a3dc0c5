"""Mistakes that are put into the product are found, and shown by as little as is needed."""

from dataclasses import replace
from itertools import count
from typing import Any, Final

import pytest

from evaluate_fn import adoption
from export_fn import imported_model
from shared.intake import intake
from shared.log.redaction import FeatureTarget
from shared.models.published import Published, Start
from shared.models.replacement import replace_model
from tests.simulation.__main__ import tell
from tests.simulation.plan import draw
from tests.simulation.shrinking import reduce, shrink, try_plan
from train_timer import joiner, model_training, part
from train_timer.logged_ids import LoggedIds
from train_timer.model_training import ModelTraining

_MOST: Final = 100
"""So many schedules find any of them."""

_store, _choose_piece = joiner.Joiner._store, model_training.choose_piece
_try = ModelTraining._try


def _commit_before_storing(self: Any, intent: Any, *values: Any) -> None:
    self._trainer.commit(replace(self._trainer.state, joined_up_to_us=intent.to_us, intent=None))
    _store(self, intent, *values)


def _choose_from_first_line(*values: Any, **options: Any) -> Any:
    piece = _choose_piece(*values, **options)
    return piece and replace(piece, first_line=0)


def _forget_what_went_on_beside(self: Any, *values: Any, **options: Any) -> Any:
    before = self._trainer.state
    learned = _try(self, *values, **options)
    self._trainer.state = before
    return learned


def _start_from_the_beginning(model: Any, _: int, **options: Any) -> Start:
    return Start(model, 0, **options)


def _replace_unnoticed(published: Published, *values: Any) -> Published:
    return replace(replace_model(published, *values), generation=published.generation)


PLANTED: Final[dict[str, tuple[Any, str, Any]]] = {
    "a repetition that was answered otherwise goes unnoticed": (part, "_is_answered_otherwise", lambda *_: False),
    "a piece that was begun is learned from its first line": (model_training, "choose_piece", _choose_from_first_line),
    "what was joined beside a model is forgotten": (ModelTraining, "_try", _forget_what_went_on_beside),
    "rows that were stored too late are acknowledged": (intake, "counts", lambda *_: True),
    "no marks of earlier log are looked up": (LoggedIds, "find", lambda *_: set()),
    "an applied model learns the log of its evaluation once more": (adoption, "Start", _start_from_the_beginning),
    "the trainer goes on as if no model had been imported": (imported_model, "replace_model", _replace_unnoticed),
    "a redacted feature stays in the log": (FeatureTarget, "redact", lambda _, line: line),
    "the position is committed before the log is stored": (joiner.Joiner, "_store", _commit_before_storing),
}


@pytest.mark.parametrize("mistake", PLANTED)
def test_a_mistake_is_found(mistake: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else nobody knows what it means that nothing is wrong."""
    monkeypatch.setattr(*PLANTED[mistake])

    assert _first_seed() < _MOST


def _first_seed() -> int:
    return next(seed for seed in count() if seed == _MOST or try_plan(draw(seed)).violation is not None)


def test_a_violation_is_shown_by_as_little_as_is_needed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """With the command that shows it again."""
    monkeypatch.setattr(*PLANTED["a repetition that was answered otherwise goes unnoticed"])
    seed = _first_seed()

    assert tell(seed) == 1
    printed = capsys.readouterr().out

    names = shrink(draw(seed))
    assert len([name for name in names if name.startswith("rank ")]) == 1
    assert f"Again: python -m tests.simulation {seed} --only '{', '.join(names)}'" in printed
    assert tell(seed, names) == 1
    assert all(tell(seed, [other for other in names if other != name]) == 0 for name in names)


def test_what_is_not_needed_is_left_out() -> None:
    """Whatever the order."""
    names = tuple("abcdefghij")

    assert reduce(names, lambda some: {"b", "h"} <= set(some)) == ("b", "h")
    assert reduce(names, lambda _: True) == ()
    assert reduce(names, lambda _: False) == names
