"""A model of four actions of which the first is the best, to be published in a loop."""

import json
from dataclasses import replace
from pathlib import Path

import vowpalwabbit

from shared.configuration.exploration import NEW_SHARES, ExplorationShares
from shared.models import model_store, published_store
from shared.models.published import ModelReference

ARGUMENTS = "--cb_explore_adf --epsilon 0.2 --cb_type mtr -q ::"
REQUEST = {"actions": [{"id": name, "features": [{"name": name}]} for name in ("good", "bad", "worse", "worst")]}


def make_model(path: Path) -> Path:
    """A model that has seen that the first action costs least."""
    learner = vowpalwabbit.Workspace(arg_list=[*ARGUMENTS.split(), "--dsjson", "--quiet"])
    for number in range(200):
        learner.learn(learner.parse(log_line(shown=number % 4)))
    learner.save(str(path))
    learner.finish()
    return path


def best_chance(exploration: float, default: float = NEW_SHARES.default) -> float:
    """The chance of the best action, which is the first one.

    Args:
        default: The part of the exploration that shows the first action.
    """
    of_first = ExplorationShares(default).spend(exploration).default
    return 1 - exploration + (exploration - of_first) / 4 + of_first


def log_line(shown: int) -> str:
    """A line of log in which one action was shown; only the first one is ever rewarded."""
    names = [action["id"] for action in REQUEST["actions"]]
    order = [shown, *(place for place in range(4) if place != shown)]
    return json.dumps(
        {
            "_label_cost": 0 if shown else -1,
            "_label_probability": 0.25,
            "_label_Action": shown + 1,
            "_labelIndex": shown,
            "a": [place + 1 for place in order],
            "c": {
                "FromUrl": [],
                "_multi": [{"i": {"constant": 1, "id": name}, "j": [{"name": name}]} for name in names],
            },
            "p": [0.25] * 4,
        }
    )


def publish(model: Path, sha256: str | None = None) -> ModelReference:
    path, digest = model_store.store(model, position_us=1_000_000, revision=1)
    reference = ModelReference(
        "model-1", path, sha256 or digest, path, ARGUMENTS, 1, 1_000_000, 200, 1_764_000_000_000_000
    )
    published_store.change_published(
        lambda before: replace(
            before, model=reference, created_at_us=1_764_000_000_000_000, changed_at_us=1_764_000_060_000_000
        )
    )
    return reference
