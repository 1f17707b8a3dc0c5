"""Predicts with one model; started by `model_apart`, as a process of its own.

Its own process, because Vowpal Wabbit stops every thread of a process while it predicts.
"""

import sys
from pathlib import Path
from typing import Any

from shared.configuration.exploration import Exploration
from shared.learner.arguments import parse
from shared.learner.driver import main
from shared.learner.model import Model


class _Predictions:
    """Loads the model that the first job names, and predicts with it in all others."""

    def __init__(self) -> None:
        self._model: Model | None = None

    def answer(self, job: dict[str, Any]) -> dict[str, Any]:
        if self._model is None:
            data, arguments = Path(job["model"]).read_bytes(), parse(job["arguments"])
            self._model = Model.load(data, arguments, Exploration(**job["exploration"]))
            return {}
        document, count = job["document"].encode(), job["count"]
        if not job["of_slots"]:
            return {"probabilities": self._model.probabilities(document, count)}
        choices = self._model.choices(document, count)
        return {"choices": [choice and (choice.order, choice.probabilities) for choice in choices]}


if __name__ == "__main__":
    main(int(sys.argv[1]), _Predictions().answer)
