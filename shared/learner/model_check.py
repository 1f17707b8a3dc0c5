"""Whether a model file from outside can be used: found out where it can do no harm."""

import json
import tempfile
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from shared.learner import model_file, subprocess_jobs
from shared.learner.arguments import LearningArguments, parse
from shared.learner.model import UnusableModel

__all__ = ["Examined", "UnusableModel", "examine"]

_TIMEOUT = timedelta(seconds=13)
_RATES = ("--learning_rate", "--power_t")


@dataclass(frozen=True, slots=True)
class Examined:
    """A model file that can be used.

    Attributes:
        arguments: What it was trained with, as far as it tells.
        state: What training goes on from: the file itself, or what was made of one that was made for predicting.
    """

    arguments: LearningArguments
    state: bytes


def examine(data: bytes, own: LearningArguments, epsilon: float) -> Examined:
    """See that a model file loads, ranks, learns, and obeys nothing but options that learning arguments may have.

    Args:
        own: The loop's learning arguments, whose rates stand in for those that a file made for predicting lacks.
        epsilon: The exploration that Rank loads it with.

    Raises:
        UnusableModel: It is none, or not one to be used here.
    """
    arguments = model_file.stored_arguments(data)
    rates = own.only(_RATES)
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder, "model.vw")
        model.write_bytes(data)
        told = {"model": str(model), "folder": folder, "arguments": arguments.text, "epsilon": epsilon, "rates": rates}
        answers, trouble = subprocess_jobs.ask(
            "shared.learner.model_check_process", [json.dumps(told)], _TIMEOUT, "looking into it"
        )
        if trouble or (trouble := answers[0].get("error")):
            raise UnusableModel(trouble)
        if answers[0]["is_state"]:
            return Examined(arguments, data)
        prepared = Path(folder, "prepared").read_bytes()
    return Examined(parse(" ".join([arguments.text, *rates])), prepared)
