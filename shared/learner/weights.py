"""How far two models are apart."""

import math
from itertools import repeat
from pathlib import Path
from typing import Any


def largest_difference(one: Path, other: Path) -> float:
    """The largest difference between weights of two model files of this loop; infinite if they are not of one kind."""
    some, others = _loaded(one), _loaded(other)
    try:
        if some.num_weights() != others.num_weights():
            return math.inf
        pairs = zip(_weights(some), _weights(others), strict=True)
        return max((abs(mine - theirs) for mine, theirs in pairs), default=0.0)
    finally:
        some.finish()
        others.finish()


def _loaded(path: Path) -> Any:
    import vowpalwabbit

    return vowpalwabbit.Workspace(arg_list=["-i", str(path), "-t", "--quiet"])


def _weights(workspace: Any) -> Any:
    import vowpalwabbit

    read = super(vowpalwabbit.Workspace, workspace).get_weight
    return map(read, range(workspace.num_weights()), repeat(0))
