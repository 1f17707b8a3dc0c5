"""A model in a process of its own, for predictions that would hold up all other calls of this process."""

import asyncio
import json
import logging
import tempfile
import weakref
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared.configuration.exploration import Exploration
from shared.learner.arguments import LearningArguments
from shared.learner.explanations.explanation import NotExplained
from shared.learner.features import DocumentPieces
from shared.learner.job_process import JobProcess
from shared.learner.model import Predictor
from shared.learner.subprocess_jobs import TrainingFailed
from shared.ranking.slots import SlotChoice
from shared.web.errors import ModelBusy

if TYPE_CHECKING:
    from shared.learner.explanations.explainer import Explainer

MAX_WAITING_SECONDS = 4
"""For how long the questions that wait may keep the process busy, as estimated."""
_TIMEOUT = timedelta(seconds=5)
"""Of one answer; loading a model included."""

MOST_PROCESSES = 4
"""The processes that one process has beside it, of all loops; each takes 35 MiB, and its model once more."""

_log = logging.getLogger(__name__)


class _Processes:
    """The models that have a process, in the order of their last use."""

    def __init__(self) -> None:
        self._models: list[weakref.ref[ModelApart]] = []

    def give(self, model: "ModelApart") -> None:
        """Let a model have one; if there are too many, it is taken from one that is idle.

        Raises:
            ModelBusy: All others are at work.
        """
        others = [other for each in self._models if (other := each()) is not None and other is not model]
        while len(others) >= MOST_PROCESSES:
            idle = next((other for other in others if other.is_idle), None)
            if idle is None:
                raise ModelBusy
            idle.rest()
            others.remove(idle)
        self._models = [*map(weakref.ref, others), weakref.ref(model)]


_processes = _Processes()


class ModelApart:
    """A model whose predictions are made by another process, one after another.

    The first question starts the process, and it ends with this object. If it fails, all actions get equal chances, as
    they do for a model without a usable answer.
    """

    def __init__(self, data: bytes, arguments: LearningArguments, exploration: Exploration) -> None:
        """Start nothing yet; for the arguments see `Model.load`."""
        self._data, self._arguments, self._exploration = data, arguments, exploration
        self._waiting_seconds = 0.0
        self._calls = 0
        self._thread = ThreadPoolExecutor(1, "model-apart")
        self._process = JobProcess("shared.learner.model_apart_process", "predicting")
        self.close = weakref.finalize(self, _end, self._thread, self._process)

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits for it."""
        return self._calls == 0

    def rest(self) -> None:
        """End the process; the next question starts another."""
        self._thread.submit(self._process.end)

    async def do[Answer](self, work: Callable[[Predictor], Answer], seconds: float) -> Answer:
        """Do some work with this model, in a thread that does one after another.

        Args:
            seconds: How long the work takes, as estimated.

        Raises:
            ModelBusy: Too much waits already, or too many other models are at work.
        """
        if self._waiting_seconds + seconds > MAX_WAITING_SECONDS:
            raise ModelBusy
        _processes.give(self)
        self._waiting_seconds += seconds
        self._calls += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work, self)
        finally:
            self._waiting_seconds -= seconds
            self._calls -= 1

    def probabilities(
        self,
        document: bytes,
        count: int,
        pieces: DocumentPieces | None = None,  # noqa: ARG002 - another process has no examples of this one
    ) -> list[float]:
        """The chance that each action gets, as `Model.probabilities`."""
        answer = self._ask(document, count, of_slots=False)
        return answer.get("probabilities") or [1.0 / count] * count

    def choices(self, document: bytes, count: int) -> Sequence[SlotChoice | None]:
        """An action for each slot, as `Model.choices`."""
        choices = self._ask(document, count, of_slots=True).get("choices") or [None] * count
        return [choice and SlotChoice(tuple(choice[0]), tuple(choice[1])) for choice in choices]

    def explainer(self) -> "Explainer":
        """Refuse to explain.

        Raises:
            NotExplained: Always.
        """
        raise NotExplained("What takes the model so long is not explained; fewer features, actions or slots are.")

    def _ask(self, document: bytes, count: int, *, of_slots: bool) -> dict[str, Any]:
        job = {"document": document.decode(), "count": count, "of_slots": of_slots}
        try:
            if not self._process.is_running:
                self._load()
            return self._process.ask(json.dumps(job), _TIMEOUT)
        except TrainingFailed as trouble:
            _log.warning("A model in a process of its own gave no answer: %s", trouble.reason)
            return {}

    def _load(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "model.vw")
            file.write_bytes(self._data)
            exploration = {"share": self._exploration.share, "default": self._exploration.default}
            job = {"model": str(file), "arguments": self._arguments.text, "exploration": exploration}
            self._process.ask(json.dumps(job), _TIMEOUT)


def _end(thread: ThreadPoolExecutor, process: JobProcess) -> None:
    thread.shutdown(wait=False, cancel_futures=True)
    process.close()
