"""A trained model in memory, which gives Rank its chances."""

import contextlib
import logging
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from shared.configuration.exploration import Exploration
from shared.errors import LoopError
from shared.learner.arguments import LearningArguments
from shared.learner.example_cache import EXAMPLE_BYTES, ExampleCache
from shared.learner.features import DocumentPieces
from shared.ranking.slots import SlotChoice

if TYPE_CHECKING:
    from shared.learner.explanations.explainer import Explainer

_log = logging.getLogger(__name__)


class UnusableModel(LoopError):
    """A model that Vowpal Wabbit does not load, or that is not of the kind its learning arguments describe.

    Attributes:
        reason: In one line.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Predictor(Protocol):
    """What answers as a model does: a `Model`, or a `ModelApart`."""

    def probabilities(self, document: bytes, count: int, pieces: DocumentPieces | None = None) -> list[float]:
        """The chance that each action gets; see `Model.probabilities`."""

    def choices(self, document: bytes, count: int) -> Sequence[SlotChoice | None]:
        """An action for each slot; see `Model.choices`."""

    def explainer(self) -> "Explainer":
        """Explains this model's scores.

        Raises:
            NotExplained: They are not explained here.
        """


class Model:
    """A loaded model, for one thread at a time.

    VW loads damaged files without complaint, so compare the SHA-256 of a file from storage first.
    """

    def __init__(self, data: bytes, options: list[str], arguments: LearningArguments, exploration: Exploration) -> None:
        self._data = data
        self._options = options
        self._arguments = arguments
        self._kind = arguments.problem_type
        self._exploration = exploration
        self._workspace = _load(data, options, self._kind)
        self._examples = ExampleCache(self._workspace)
        self._readers = 0
        self._is_closed = False

    @classmethod
    def load(cls, data: bytes, arguments: LearningArguments, exploration: Exploration) -> Self:
        """Load a model from its file's bytes.

        Args:
            arguments: Those that the model was trained with.
            exploration: Takes effect only if the arguments have an exploration rate; of slots only its uniform part.

        Raises:
            UnusableModel: The model does not load, or is of another problem type.
        """
        if not arguments.has_epsilon:
            exploration = Exploration(0.0)
        explore = ["--epsilon", repr(float(exploration.of_learner))] if arguments.has_epsilon else []
        fixed = [] if arguments.needs_full_model else ["-t"]  # with it, bounds on costs come out wider than in training
        return cls(data, ["--json", "--quiet", *fixed, *explore], arguments, exploration)

    def probabilities(self, document: bytes, count: int, pieces: DocumentPieces | None = None) -> list[float]:
        """The chance that each action gets, in the order of the document; their sum is 1.

        Whatever the model answers: what is not a probability becomes 0, and no usable answer becomes equal chances.

        Args:
            document: From `features.document`, and from nowhere else.
            count: How many actions it has.
            pieces: The same document, if some of its actions come again: the answer is the same, and quicker.
        """
        answer = self._answer(lambda: self._predict(document) if pieces is None else self._examples.predict(pieces))
        chances = _chances(answer, count)
        if chances is None:
            return [1.0 / count] * count
        return self._exploration.add_default(chances) if self._exploration.default else chances

    def choices(self, document: bytes, count: int) -> list[SlotChoice | None]:
        """An action for each slot, drawn by its seed, with the chances that the draw had.

        Args:
            document: From `SlotsDocument.model_text`, and from nowhere else.
            count: How many slots it has.

        Returns:
            None for a slot without a usable answer.
        """
        answer = self._answer(lambda: self._predict(document))
        return [*map(_choice, answer)] if len(answer) == count else [None] * count

    def explainer(self) -> "Explainer":
        """Explains this model's scores; to be used at once, as the model is."""
        from shared.learner.explanations.explainer import Explainer

        return Explainer(self._workspace, self._arguments, self._data)

    def close(self) -> None:
        """Free the memory, once nobody reads it any more; the model cannot be used from now on."""
        self._is_closed = True
        self._free()

    def keep(self) -> None:
        """Keep the memory for one reader more, whoever closes the model meanwhile."""
        self._readers += 1

    def release(self) -> None:
        """Let it go again."""
        self._readers -= 1
        self._free()

    @property
    def examples_bytes(self) -> int:
        """About how much memory the examples take that are ready for actions that come again."""
        return len(self._examples) * EXAMPLE_BYTES

    def _free(self) -> None:
        if self._is_closed and not self._readers:
            self._examples.give_back()
            self._workspace.finish()

    def _answer(self, predict: Callable[[], list[Any]]) -> list[Any]:
        try:
            return predict()
        except RuntimeError:
            _log.warning("The model could not read a document and is loaded anew")
            self._examples.forget()
            self._workspace = _load(self._data, self._options, self._kind)  # the old one keeps what it read so far
            self._examples = ExampleCache(self._workspace)
            return []

    def _predict(self, document: bytes) -> list[Any]:
        # VW's own calls, without the Python objects that its package wraps around every example: half the time.
        workspace = self._workspace
        examples = workspace._parse(document.decode())
        workspace.predict_multi(examples)
        example = examples[0]
        answer: list[Any] = example.get_action_scores() if self._kind == "cb" else example.get_decision_scores()
        workspace._finish_example_multi_ex(examples)
        return answer


def _chances(scores: Sequence[float], count: int) -> list[float] | None:
    """Scores as probabilities; what is none becomes 0. None if nothing usable is left."""
    chances = [chance if chance > 0 else 0.0 for chance in scores]
    total = sum(chances)
    if len(chances) != count or not 0 < total < float("inf"):
        return None
    return [chance / total for chance in chances]


def _choice(scores: Sequence[tuple[int, float]]) -> SlotChoice | None:
    """A slot's answer, the action that Vowpal Wabbit drew first; nothing is repaired, since it has drawn already."""
    chances = [score for _, score in scores]
    total = sum(chances)
    if not all(chance >= 0 for chance in chances) or not 0 < total < float("inf") or not chances[0]:
        return None
    return SlotChoice(tuple(action for action, _ in scores), tuple(chance / total for chance in chances))


def _load(data: bytes, options: list[str], kind: str) -> Any:
    from shared.learner.vowpal_wabbit import PredictionType, Workspace

    kinds = {PredictionType.ACTION_PROBS: "cb", PredictionType.DECISION_SCORES: "ccb"}
    try:
        with _file(data) as path:
            workspace = Workspace(arg_list=["-i", path, *options])
    except RuntimeError as error:
        raise UnusableModel(str(error).strip() or "Vowpal Wabbit refuses it without a reason") from error
    own_kind = kinds.get(workspace.get_prediction_type())
    if own_kind != kind:
        raise UnusableModel(f"its problem type is {own_kind or 'unknown'}, not {kind}")
    return workspace


@contextlib.contextmanager
def _file(data: bytes) -> Iterator[str]:
    """A path under which VW can read the bytes; on Linux nothing touches the disk."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("model"), "wb") as file:
            file.write(data)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
    else:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "model.vw")
            path.write_bytes(data)
            yield str(path)
