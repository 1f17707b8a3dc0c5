"""`policy-cost`: what a prediction takes, as the loop estimates it to refuse what is too slow, against what it takes.

Many learning settings, each with events of several shapes. Each model has learned some such events before, so that its
weights are in memory as a loop's are. Vowpal Wabbit parses and predicts, alone in a process; the processor time of the
quickest turn counts, since the estimate knows nothing of other work on the machine.
"""

import json
import random
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import sides
from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from shared.learner import features
from shared.learner.arguments import LearningArguments, parse
from shared.learner.feature_counts import Question
from shared.learner.policy_cost import PolicyCost

POLICIES = (
    *("", "-q ::", "-q am -q bn", "--interactions a: --interactions b:", "--squarecb -q ::", "--regcb -q ::"),
    *("-q :: --cubic abm", "-q am --cubic aam", "--interactions a::", "--cubic :::", "--cb_type dr --bag 3 -q ::"),
    *("--bag 5 -q ::", "--cover 4 -q ::", "--rnd 3 -q ::", "--coin -q ::", "--large_action_space -q ::"),
    *("-b 20 -q :: --cubic abm", "-b 22 -q ::", "-b 22 --bag 2 --cubic abm"),
    *("--interactions aaam -q ::", "--interactions abmn", "--interactions aaaam", "--interactions am::"),
)
SLOT_POLICIES = ("", "-q ::", "-q am --bag 3", "-q :: --cubic abm", "--cubic :::", "--interactions abmm")
_EVENTS, _TURNS, _LEAST_SECONDS = 12, 5, 0.05
_MOST_SECONDS = 1.0
_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Shape(NamedTuple):
    """How large an event is: numbers of actions, of features, of their namespaces, and of slots."""

    actions: int
    own: int
    own_namespaces: int
    context: int
    context_namespaces: int
    slots: int = 0


SHAPES = (
    *(Shape(10, 10, 1, 10, 2), Shape(50, 20, 2, 20, 3), Shape(50, 50, 1, 100, 1), Shape(20, 20, 3, 60, 20)),
    *(Shape(2, 400, 4, 400, 4), Shape(50, 400, 2, 20, 2), Shape(5, 10, 2, 60, 60)),
)
SLOT_SHAPES = (Shape(10, 20, 2, 30, 3, 5), Shape(20, 20, 2, 20, 2, 10), Shape(5, 100, 2, 200, 2, 2))


def measure(
    progress: Progress, shapes: tuple[Shape, ...] = SHAPES, slot_shapes: tuple[Shape, ...] = SLOT_SHAPES
) -> list[Figure]:
    """Compare the estimates with measurements, policy by policy."""
    ratios: dict[str, float] = {}
    for problem, policies, chosen in (("cb", POLICIES, shapes), ("ccb", SLOT_POLICIES, slot_shapes)):
        for policy in policies:
            arguments = f"--{problem}_explore_adf --epsilon 0.2 {policy}"
            progress.show(arguments)
            ratios |= sides.run(compare, {}, arguments=arguments, shapes=chosen)
    near = sum(1 / 2 <= ratio <= 2 for ratio in ratios.values()) / len(ratios)
    what = f"what a prediction takes, estimated: {len(ratios)} policies and shapes"
    return [
        Figure("policy-cost", what, "× measured", [*ratios.values()], details=ratios),
        Figure("policy-cost", "of these, within a factor of 2", "", [near], goal=Goal("at least", 0.9)),
    ]


def compare(arguments: str, shapes: list[list[int]]) -> dict[str, float]:
    """The ratios of estimated to measured time for learning arguments, by the shapes of events."""
    parsed = parse(arguments)
    cost, ratios = PolicyCost(parsed), dict[str, float]()
    for values in shapes:
        shape = Shape(*values)
        question, text = _event(shape, seed=0)
        if (estimated := cost.estimate(question)) <= _MOST_SECONDS:
            key = f"{arguments} {shape.actions}×{shape.own} + {shape.context}, {shape.slots} slots"
            ratios[key] = estimated / _predict(parsed, shape, text)
    return ratios


def _event(shape: Shape, seed: int) -> tuple[Question, str]:
    """An event with features of its own: what decides how long it takes, and the text that is predicted."""
    chance = random.Random(seed)
    context = _features(chance, _LETTERS[: shape.context_namespaces], shape.context)
    letters = _LETTERS[12 : 12 + shape.own_namespaces]
    actions = [(str(place), _features(chance, letters, shape.own)) for place in range(shape.actions)]
    if not shape.slots:
        text = features.document(context, actions)
        return Question(text, shape.actions), text.decode()
    slots: list[tuple[str, list[Any]]] = [(str(place), []) for place in range(shape.slots)]
    document = features.slots_document(context, actions, slots)
    every = [range(shape.actions)] * shape.slots
    return document.question(times=1), document.model_text([*map(str, range(shape.slots))], every).decode()


def _features(chance: random.Random, letters: str, count: int) -> list[Any]:
    groups: dict[str, dict[str, float]] = {letter: {} for letter in letters}
    for number in range(count):
        groups[letters[number % len(letters)]][f"f{chance.randrange(200)}-{number}"] = chance.random() + 0.1
    return [groups]


def _predict(arguments: LearningArguments, shape: Shape, text: str) -> float:
    """Seconds that Vowpal Wabbit takes to parse and predict, with a model that has learned such events."""
    from shared.learner.vowpal_wabbit import Workspace

    with tempfile.TemporaryDirectory() as folder:
        log, model = Path(folder, "log"), str(Path(folder, "model"))
        log.write_text("".join(f"{line}\n" for line in _lines(shape)) if not shape.slots else "")
        Workspace(arg_list=[*arguments.words(), "--quiet", "--dsjson", "-d", str(log), "-f", model]).finish()
        workspace = Workspace(arg_list=["-i", model, "-t", "--json", "--quiet"])
    seconds: list[float] = []
    while len(seconds) < _TURNS or sum(seconds) < _LEAST_SECONDS:
        began = time.process_time()
        examples = workspace._parse(text)
        workspace.predict_multi(examples)
        workspace._finish_example_multi_ex(examples)
        seconds.append(time.process_time() - began)
    workspace.finish()
    return min(seconds)


def _lines(shape: Shape) -> Iterator[str]:
    few = shape._replace(actions=min(shape.actions, 6))
    for seed in range(_EVENTS):
        chance = 1 / few.actions
        label = {"_label_cost": -(seed % 2), "_label_probability": chance, "_label_Action": 1, "_labelIndex": 0}
        order = {"a": [*range(1, few.actions + 1)], "p": [chance] * few.actions}
        yield json.dumps({**label, **order, "c": json.loads(_event(few, seed)[1])})
