"""A trained model in memory, answering what Rank asks."""

import contextlib
import logging
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Self

from shared.learner.arguments import LearningArguments
from shared.loop.errors import LoopError

_log = logging.getLogger(__name__)


class UnusableModel(LoopError):
    """A model that Vowpal Wabbit does not load, or that is not of the kind its learning arguments describe.

    Attributes:
        reason: In one line.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class Model:
    """A loaded model. It has one owner: not for use by two threads at once.

    VW loads damaged files without complaint, so whoever reads one from storage compares its SHA-256 first.
    """

    def __init__(self, data: bytes, options: list[str], kind: str) -> None:
        self._data = data
        self._options = options
        self._kind = kind
        self._workspace = _load(data, options, kind)

    @classmethod
    def load(cls, data: bytes, arguments: LearningArguments, epsilon: float) -> Self:
        """Load a model from its file's bytes.

        Args:
            arguments: Those it was trained with.
            epsilon: Exploration rate, from 0 to 1; takes effect only if the arguments have one.

        Raises:
            UnusableModel: It does not load, or is of another problem type.
        """
        explore = ["--epsilon", repr(float(epsilon))] if arguments.has_epsilon else []
        fixed = [] if arguments.needs_full_model else ["-t"]  # with it, bounds on costs come out wider than in training
        return cls(data, ["--json", "--quiet", *fixed, *explore], arguments.problem_type)

    def probabilities(self, document: bytes | str, count: int) -> list[float]:
        """The chance that each action gets, in the order of the document; their sum is 1.

        Whatever the model answers: what is not a probability becomes 0, and no usable answer becomes equal chances.

        Args:
            document: From `features.document`, and from nowhere else.
            count: How many actions it has.
        """
        answer = self._answer(document if isinstance(document, str) else document.decode())
        chances = [chance if chance > 0 else 0.0 for chance in answer]
        total = sum(chances)
        if len(chances) != count or not 0 < total < float("inf"):
            return [1.0 / count] * count
        return [chance / total for chance in chances]

    def close(self) -> None:
        """Give the memory back; the model answers no more."""
        self._workspace.finish()

    def _answer(self, document: str) -> list[float]:
        # VW's own calls, without the Python objects that its package wraps around every example: half the time.
        workspace = self._workspace
        try:
            examples = workspace._parse(document)
        except RuntimeError:
            _log.warning("The model could not read a document and is loaded anew")
            self._workspace = _load(self._data, self._options, self._kind)  # the old one keeps what it read so far
            return []
        try:
            workspace.predict_multi(examples)
            scores: list[float] = examples[0].get_action_scores()
            return scores
        finally:
            workspace._finish_example_multi_ex(examples)


def _load(data: bytes, options: list[str], kind: str) -> Any:
    import vowpalwabbit

    kinds = {vowpalwabbit.PredictionType.ACTION_PROBS: "cb", vowpalwabbit.PredictionType.DECISION_SCORES: "ccb"}
    try:
        with _file(data) as path:
            workspace = vowpalwabbit.Workspace(arg_list=["-i", path, *options])
    except RuntimeError as error:
        raise UnusableModel(str(error).strip() or "Vowpal Wabbit refuses it without a reason") from error
    found = kinds.get(workspace.get_prediction_type())
    if found != kind:
        raise UnusableModel(f"its problem type is {found or 'unknown'}, not {kind}")
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
