"""Compares the weights of models."""

import math
from itertools import repeat
from pathlib import Path
from typing import Any


def largest_difference(first: Path, second: Path) -> float:
    """The largest difference between weights of two model files of this loop; infinite if they are not of one kind."""
    workspaces = _load(first), _load(second)
    try:
        if workspaces[0].num_weights() != workspaces[1].num_weights():
            return math.inf
        pairs = zip(*map(_weights, workspaces), strict=True)
        return max((abs(weight - other) for weight, other in pairs), default=0.0)
    finally:
        for workspace in workspaces:
            workspace.finish()


def _load(path: Path) -> Any:
    from shared.learner.vowpal_wabbit import Workspace

    return Workspace(arg_list=["-i", str(path), "-t", "--quiet"])


def _weights(workspace: Any) -> Any:
    from shared.learner.vowpal_wabbit import Workspace

    read = super(Workspace, workspace).get_weight
    return map(read, range(workspace.num_weights()), repeat(0))
