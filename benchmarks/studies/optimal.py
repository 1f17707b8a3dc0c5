"""`optimal`: how often an evaluation names a policy in `optimalPolicy` that is no better than what was done.

Simulated loops live in worlds of known rewards, and an evaluation of the log of each compares four settings with
`online`, as a caller asks for it: by the real plan, Vowpal Wabbit and the real rule. What each policy truly earns on
these very events follows from the world. Beside the rule stands another one: whatever has the highest average reward.
"""

import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from benchmarks.studies.simulated_loops import Visit, World, visits
from benchmarks.studies.simulated_worlds import articles, indifferent, obvious, personal
from localhost.evaluate.runs import open_without_models
from localhost.evaluate.whole_log import evaluation
from shared.configuration.configuration import INITIAL_ARGUMENTS
from shared.configuration.exploration import Exploration
from shared.evaluation import plan
from shared.evaluation.evaluation import Evaluation, Policy, Source
from shared.evaluation.outcome import Outcome
from shared.evaluation.replay import log_pass
from shared.evaluation.replay.evaluated_events import EvaluatedEvent
from shared.evaluation.replay.predictions import Chances
from shared.evaluation.tasks import Task, TaskResult
from shared.learner.arguments import DEFAULT_ARGUMENTS
from shared.metrics.estimators.point_estimators import ips
from shared.metrics.intervals import CONFIDENCE, proportion

NO_BETTER_LOGS, BETTER_LOGS = 200, 50
EVENTS, SIZES = 1000, (500, 1000, 2000, 4000)
_EXPLORATION = Exploration(0.2, 0.05)
_PROCESSES = 2
_GREEDY = "--cb_explore_adf --epsilon {} --cb_type mtr -q ::"
_SQUARECB = "--cb_explore_adf --squarecb --epsilon 0.2 --cb_type mtr -q ::"
_USUAL = (INITIAL_ARGUMENTS, _GREEDY.format(0.2), _SQUARECB, DEFAULT_ARGUMENTS)
_RESTLESS = tuple(_GREEDY.format(epsilon) for epsilon in (0.5, 0.6, 0.7, 0.8))
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Kind:
    """Logs that differ in nothing but chance.

    Attributes:
        world: Makes the world of a seed.
        learning: The learning arguments of the loop.
        policies: Those of the settings that are compared with what was done.
        is_better: Whether they are better than that; else none is.
    """

    world: Callable[[int], World]
    learning: str = INITIAL_ARGUMENTS
    policies: tuple[str, ...] = _USUAL
    is_better: bool = False


KINDS: Mapping[str, Kind] = {
    "equal, two actions": Kind(lambda _: indifferent("two", 2, (0.3,))),
    "equal, rare clicks": Kind(lambda _: indifferent("clicks", 5, (0.03, 0.05, 0.07))),
    "equal, amounts": Kind(lambda _: indifferent("amounts", 4, (0.1, 0.3, 0.5), is_continuous=True)),
    "a little worse": Kind(lambda _: obvious("obvious", 5, 0.5, 0.3), policies=_RESTLESS),
    "better by far": Kind(personal, DEFAULT_ARGUMENTS.removesuffix(" -q ::"), is_better=True),
    "better": Kind(articles, DEFAULT_ARGUMENTS, is_better=True),
}


@dataclass(frozen=True, slots=True)
class Named:
    """What an evaluation named.

    Attributes:
        gain: How much more per event the named policy truly earns than what was done; None if that is `online` itself.
        gain_of_highest: The same of the policy with the highest average reward.
        gains: Of all policies.
    """

    gain: float | None
    gain_of_highest: float | None
    gains: Sequence[float]


def measure(progress: Progress, logs: int = NO_BETTER_LOGS, better_logs: int = BETTER_LOGS) -> list[Figure]:
    """Make logs of each kind, and evaluate them."""
    figures: list[Figure] = []
    with ProcessPoolExecutor(_PROCESSES) as pool:
        for name, kind in KINDS.items():
            for events in SIZES if kind.is_better else (EVENTS,):
                progress.show(f"{name}, {events:,} events")
                seeds = range(better_logs if kind.is_better else logs)
                figures.append(_figure(name, events, [*pool.map(partial(evaluate, name, events), seeds)]))
    return figures


def evaluate(name: str, events: int, seed: int) -> Named:
    """Evaluate a log of a kind."""
    kind = KINDS[name]
    world = kind.world(seed)
    log = list(visits(world, kind.learning, _EXPLORATION, events, seed))
    policies = [Policy(text, text, Source.CUSTOM) for text in kind.policies]
    outcome, chances = _carry_out(evaluation(tuple(policies)), [visit.line.text for visit in log])
    done = _earn(world, log, [visit.chances for visit in log])
    gains = {text: _earn(world, log, chances[text]) - done for text in kind.policies}
    return Named(gains.get(outcome.optimal), gains.get(_find_highest(outcome)), [*gains.values()])


def _carry_out(subject: Evaluation, lines: Sequence[bytes]) -> tuple[Outcome, Mapping[str, Sequence[Sequence[float]]]]:
    """The outcome, and which chances each policy gave to the actions of each event."""
    results, chances = dict[str, TaskResult](), dict[str, list[Sequence[float]]]()

    def hear(task: Task, _: Sequence[EvaluatedEvent], drawn: Sequence[Chances]) -> None:
        chances.setdefault(task.arguments or "", []).extend(of_event[0] for of_event in drawn)

    with tempfile.TemporaryDirectory() as folder:
        for task in open_without_models(subject, {}):
            listener = partial(hear, task)
            results[task.key] = log_pass.run_in_process(task, subject, lines, folder=Path(folder), listener=listener)
    return plan.outcome(subject, results), chances


def _earn(world: World, log: Sequence[Visit], chances: Sequence[Sequence[float] | NDArray[np.float64]]) -> float:
    """What choices by these chances truly earn per event."""
    return fmean(float(world.means[visit.document] @ row) for visit, row in zip(log, chances, strict=True))


def _find_highest(outcome: Outcome) -> str:
    """The policy with the highest average reward."""
    could_be_named = [each for each in outcome.policies if each.policy.source in (Source.ONLINE, Source.CUSTOM)]
    return max(could_be_named, key=lambda each: ips(each.total) or 0.0).policy.name


def _figure(name: str, events: int, named: Sequence[Named]) -> Figure:
    """How often a policy was named that is no better; or, where there are better ones, that is."""
    is_better = KINDS[name].is_better

    def count(gains: Sequence[float | None]) -> int:
        return sum(gain is not None and (gain > _ROUNDING) is is_better for gain in gains)

    now, before = count([each.gain for each in named]), count([each.gain_of_highest for each in named])
    details = {
        "logs": len(named),
        "95 % interval": _interval(now, len(named)),
        "by the highest average": before / len(named),
        "its 95 % interval": _interval(before, len(named)),
        "true gain of the policies": f"{fmean(gain for each in named for gain in each.gains):+.4f}",
    }
    goal = None if is_better else Goal("at most", 1 - CONFIDENCE)
    what = f"{name}, {events:,} events: named {'one that is better' if is_better else 'although no better'}"
    return Figure("optimal", what, "of 1", [now / len(named)], goal=goal, details=details)


def _interval(count: int, number: int) -> str:
    low, high = proportion(count, number)
    return f"{low:.3f} to {high:.3f}"
