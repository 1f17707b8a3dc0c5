"""Checks whether a model file from outside can be used, in a process where the file can do no harm."""

import json
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from shared.learner import model_file, subprocess_jobs
from shared.learner.arguments import InvalidLearningArguments, LearningArguments, parse
from shared.learner.model import UnusableModel
from shared.learner.policy_cost import demand_affordable

__all__ = ["CheckedModel", "UnusableModel", "examine"]

_TIMEOUT = timedelta(seconds=13)
_RATES = ("--learning_rate", "--power_t")


@dataclass(frozen=True, slots=True)
class CheckedModel:
    """A model file that can be used.

    Attributes:
        arguments: Those that the model was trained with, as far as the file says.
        state: The training state: the file itself, or a state made of a file that was made for predicting.
    """

    arguments: LearningArguments
    state: bytes


def examine(data: bytes, own: LearningArguments, epsilon: float) -> CheckedModel:
    """Check that a model file loads, ranks, learns, and has only options that learning arguments may have.

    Args:
        own: The loop's learning arguments, whose rates replace those that a file made for predicting lacks.
        epsilon: The exploration that Rank loads it with.

    Raises:
        UnusableModel: The file is no model, or no model that this loop can use.
    """
    arguments = model_file.read_arguments(data)
    try:
        demand_affordable(arguments)
    except InvalidLearningArguments as refusal:
        raise UnusableModel(f"its {refusal}") from refusal
    rates = own.only(_RATES)
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "model.vw")
        model.write_bytes(data)
        job = {"model": str(model), "folder": folder, "arguments": arguments.text, "epsilon": epsilon, "rates": rates}
        answers, trouble = subprocess_jobs.ask(
            "shared.learner.model_check_process", [json.dumps(job)], _TIMEOUT, "looking into it"
        )
        if problem := trouble.reason if trouble else answers[0].get("error"):
            raise UnusableModel(problem)
        if answers[0]["is_state"]:
            return CheckedModel(arguments, data)
        prepared = Path(folder, "prepared").read_bytes()
    return CheckedModel(parse(" ".join([arguments.text, *rates])), prepared)
