"""Checks a model file from outside; started by `model_check`, as a process of its own.

Its own process, with bounds on memory and time, because a crafted file can crash Vowpal Wabbit, or have it take
whatever there is.
"""

import json
import math
import sys
from itertools import repeat
from pathlib import Path
from typing import Any

from shared.configuration.exploration import Exploration
from shared.learner import features
from shared.learner.arguments import LearningArguments, parse
from shared.learner.driver import check, learn, main
from shared.learner.model import Model, UnusableModel
from shared.log import line_keys as keys

_MEMORY_BYTES = 3 * 1024**3
_CPU_SECONDS = 12
_ACTIONS: list[tuple[str, list[Any]]] = [
    ("a", [{"kind": "x", "price": 0.5}]),
    ("b", [{"kind": "y"}]),
    ("c", [{"z": 1}]),
]
_CONTEXT = [{"user": "u"}, {"time": {"hour": 12}}]
_ALL = [0, 1, 2]
_EVENS = [1 / len(_ACTIONS)] * len(_ACTIONS)


def _answer(job: dict[str, Any]) -> dict[str, Any]:
    """Whether the file can be used, and whether the file is a training state by itself."""
    _limit_resources()
    try:
        arguments, model = parse(job["arguments"]), Path(job["model"])
        _predict(model.read_bytes(), arguments, job["epsilon"])
        _learn(model, arguments, Path(job["folder"]))
        is_state = _holds_state(model)
        if not is_state:
            _prepare(model, job["rates"], Path(job["folder"], "prepared"))
    except (RuntimeError, UnusableModel, ValueError, LookupError, OSError, MemoryError) as error:
        return {"error": str(error).strip() or type(error).__name__}
    return {"is_state": is_state}


def _limit_resources() -> None:
    """Limit memory and time to what a model of the largest size needs."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (_CPU_SECONDS, _CPU_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _predict(data: bytes, arguments: LearningArguments, epsilon: float) -> None:
    """Load the model as Rank does, and predict."""
    model = Model.load(data, arguments, Exploration(epsilon))
    if arguments.problem_type == "cb":
        sane = _is_sane(model._predict(features.document(_CONTEXT, _ACTIONS)), len(_ACTIONS))
    else:
        slots = features.slots_document(_CONTEXT, _ACTIONS, [("s", []), ("t", [{"wide": True}])])
        first, second = model._predict(slots.model_text(["1", "2"], [_ALL, _ALL]))
        sane = _is_sane([chance for _, chance in first], 3) and _is_sane([chance for _, chance in second], 2)
    model.close()
    if not sane:
        raise UnusableModel("it does not rank")


def _is_sane(chances: list[float], count: int) -> bool:
    return len(chances) == count and 0 < sum(chances) < math.inf


def _learn(model: Path, arguments: LearningArguments, folder: Path) -> None:
    """Learn one event, as the trainer would, and check the new state."""
    log, state = folder / "log.dsjson", folder / "state"
    log.write_text(json.dumps(_event(arguments.problem_type)) + "\n")
    counts = learn(["-i", str(model)], str(log), str(folder / "metrics"), str(state))
    if not counts["learned"]:
        raise UnusableModel("it does not learn")
    check(str(state), None)


def _event(problem_type: str) -> dict[str, Any]:
    if problem_type == "cb":
        document = json.loads(features.document(_CONTEXT, _ACTIONS))
        label = {keys.LABEL_COST: 0, keys.LABEL_PROBABILITY: _EVENS[0], keys.LABEL_ACTION: 1, keys.LABEL_INDEX: 0}
        return {**label, keys.ACTIONS: [1, 2, 3], keys.FEATURES: document, keys.PROBABILITIES: _EVENS}
    document = json.loads(features.slots_document(_CONTEXT, _ACTIONS, [("s", [])]).log_text([_ALL]))
    choice = {keys.SLOT_ID: "s", keys.SLOT_ACTIONS: [0, 1, 2], keys.SLOT_PROBABILITIES: _EVENS}
    return {keys.FEATURES: document, keys.OUTCOMES: [{keys.LABEL_COST: 0, **choice}]}


def _holds_state(model: Path) -> bool:
    """Whether a model has more than the weights, which learning needs, or has no weights yet."""
    from shared.learner.vowpal_wabbit import Workspace

    workspace = Workspace(arg_list=["-i", str(model), "--quiet"])
    read_weight = super(Workspace, workspace).get_weight
    places = range(workspace.num_weights())
    holds = any(map(read_weight, places, repeat(1))) or not any(map(read_weight, places, repeat(0)))
    workspace.finish()
    return holds


def _prepare(model: Path, rates: list[str], state: Path) -> None:
    """Make a state of a file that was made for predicting, which has forgotten its learning rates."""
    from shared.learner.vowpal_wabbit import Workspace

    workspace = Workspace(arg_list=["-i", str(model), "--quiet", *rates])
    workspace.save(str(state))
    workspace.finish()
    check(str(state), None)


if __name__ == "__main__":
    main(int(sys.argv[1]), _answer)
