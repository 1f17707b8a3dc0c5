"""Optimization of a loop whose published model lags far behind its log: learning in time is not better settings."""

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks.studies.simulated_loops import APART_US, BEGIN_US, World, log_of
from shared.configuration.configuration import INITIAL_ARGUMENTS, LearningSettings, new_configuration
from shared.configuration.exploration import Exploration
from shared.evaluation import evaluation_spec, plan
from shared.evaluation.challenger import are_the_same
from shared.evaluation.evaluation import Evaluation
from shared.evaluation.evaluation_spec import EvaluationSpec
from shared.evaluation.outcome import Outcome
from shared.evaluation.replay import log_pass
from shared.evaluation.tasks import Task, TaskResult, TrainedModel
from shared.learner import features

EVENTS = 3000
TASTES = World(
    "tastes",
    [
        features.document([{"user": name}], [(f"a{number}", [{"topic": f"t{number}"}]) for number in range(4)])
        for name in ("ann", "bob", "cid", "dan")
    ],
    0.2 + 0.5 * np.eye(4),
)
"""Each user likes another action."""


def evaluation_of(in_use: str) -> Evaluation:
    """A round of a loop with some settings in use."""
    loop = replace(new_configuration(4), learning=LearningSettings("in use", in_use))
    to_us = BEGIN_US + EVENTS * APART_US
    spec = EvaluationSpec("round", "", BEGIN_US, to_us, optimise=True, round_number=5)
    return evaluation_spec.build_evaluation(spec, loop, to_us, to_us)


@cache
def log() -> list[bytes]:
    """The log of a loop that has no model yet: each action was shown with the same chance."""
    return log_of(TASTES, INITIAL_ARGUMENTS, Exploration(1.0), EVENTS, 1)


@cache
def carry_out(task: Task) -> TaskResult:
    """The result of a task, which does not hang on the settings in use unless it is about them."""
    bare = replace(task, with_reward_model=False)
    with tempfile.TemporaryDirectory() as folder:
        result = log_pass.run_in_process(bare, evaluation_of(INITIAL_ARGUMENTS), log(), folder=Path(folder))
    return replace(result, model=TrainedModel("", "", EVENTS) if task.keeps_model else None)


def optimize(in_use: str) -> Outcome:
    """The outcome of a round."""
    evaluation, results = evaluation_of(in_use), dict[str, TaskResult]()
    while tasks := plan.open_tasks(evaluation, results):
        results |= {task.key: carry_out(task) for task in tasks}
    return plan.outcome(evaluation, results)


def arguments_of(outcome: Outcome, name: str) -> str:
    [policy] = [result.policy for result in outcome.policies if result.policy.name == name]
    return policy.arguments or ""


def test_settings_that_only_learn_in_time_do_not_go_on_trial() -> None:
    """Any settings earn far more than what was done; so would those in use."""
    found = arguments_of(optimize(INITIAL_ARGUMENTS), "Hyper2")

    outcome = optimize(found)

    assert (outcome.challenger, outcome.optimal) == (None, "online")
    assert are_the_same(arguments_of(outcome, "Hyper2"), found)
    assert "are those in use" in (outcome.finding or "")


def test_settings_that_are_better_than_those_in_use_go_on_trial() -> None:
    """Those in use do not see what user and action have to do with each other."""
    outcome = optimize("--cb_explore_adf --epsilon 0.5 --cb_type mtr")

    assert (outcome.challenger, outcome.optimal) == ("Hyper2", "online")
    assert "a trial tells" in (outcome.finding or "")
