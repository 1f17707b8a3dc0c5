"""Evaluations and their logs, for tests, and a slow, plain program that evaluates the same log."""

import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import vowpalwabbit

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.evaluation.evaluation import EvaluatedLog, Evaluation, Policy, Purpose, Source
from shared.evaluation.replay import log_pass
from shared.evaluation.tasks import Task, TaskResult
from shared.learner.arguments import parse
from shared.metrics.estimators.sums import Sums

FOREVER_US = 2**60
TIMEOUT = timedelta(seconds=60)
REWARD_MODEL = "--cb_adf --rank_all --cb_type mtr -q ::"


def evaluation(kind: str = "cb", from_us: int = 0, to_us: int = FOREVER_US) -> Evaluation:
    """An evaluation of a log; all that matters here is which events count."""
    log = EvaluatedLog(from_us, to_us, kind, RewardSettings(600_000_000, 0.0, Aggregation.EARLIEST))
    online = Policy("online", None, Source.ONLINE)
    return Evaluation(
        "e", Purpose.EVALUATION, "e", False, from_us, to_us, 0, (), optimise=False, round_number=0, online=online,
        exploration=0.2, log=log,
    )  # fmt: skip


def lines(number: int, seed: int = 1, most_actions: int = 5, pdrop: bool = False) -> list[bytes]:
    """Log lines of a world in which what pays depends on the user, shown with various probabilities."""
    rng, made = random.Random(seed), []
    for index in range(number):
        count = rng.randint(2, most_actions)
        user, epsilon = rng.randrange(4), rng.choice([0.1, 0.5, 1.0])
        chances = [epsilon / count] * count
        chances[rng.randrange(count)] += 1 - epsilon
        action = rng.choices(range(count), chances)[0]
        order = [action, *(other for other in range(count) if other != action)]
        reward = rng.choice([0.0, 1.0, -0.5]) if (user + action) % 4 else 1.5
        made.append(line(index, order, [chances[place] for place in order], reward, user))
        if pdrop and rng.random() < 0.3:
            made[-1] = orjson.dumps(orjson.loads(made[-1]) | {"pdrop": 0.75})
    return made


def line(index: int, order: Sequence[int], chances: Sequence[float], reward: float, user: int = 0) -> bytes:
    """One log line; events come a minute apart, from 2024-04-13 on."""
    multi = [{"i": {"constant": 1, "id": f"a{action}"}, "j": [{"len": action}]} for action in range(len(order))]
    return orjson.dumps(
        {
            "_label_cost": -reward,
            "_label_probability": chances[0],
            "_label_Action": order[0] + 1,
            "_labelIndex": order[0],
            "o": [],
            "Timestamp": f"2024-04-13T{index // 60 % 24:02}:{index % 60:02}:46.250000Z",
            "Version": "1",
            "EventId": f"e{index}",
            "a": [action + 1 for action in order],
            "c": {"FromUrl": [{"user": f"u{user}"}], "_multi": multi},
            "p": [*chances],
            "VWState": {"m": "N/A"},
        }
    )


def slot_lines(number: int, seed: int = 1) -> list[bytes]:
    """Log lines of multi-slot events, in some of which slots have baseline actions."""
    rng, made = random.Random(seed), []
    for index in range(number):
        left, outcomes = [*range(rng.randint(2, 4))], []
        actions = len(left)
        for slot in range(rng.randint(1, actions)):
            rng.shuffle(left)
            weights = [rng.random() + 0.2 for _ in left]
            chances = [weight / sum(weights) for weight in weights]
            cost = -float(rng.random() < 0.3)
            outcomes.append({"_label_cost": cost, "_id": f"s{slot}", "_a": [*left], "_p": chances})
            left.pop(0)
        multi = [{"TAction": {"kind": f"k{action}"}} for action in range(actions)]
        slots = [{"Slot": {"place": outcome["_id"]}, "_id": outcome["_id"]} for outcome in outcomes]
        context = {"GUser": {"id": f"u{index % 3}"}, "_multi": multi, "_slots": slots}
        fields: dict[str, Any] = {"Timestamp": "2024-04-13T15:08:46.250000Z", "EventId": f"e{index}", "c": context}
        fields |= {"_outcomes": outcomes}
        if index % 2:
            fields["_ba"] = [*range(len(slots))][::-1]
        made.append(orjson.dumps(fields))
    return made


def predict(arguments: str, log: Sequence[bytes]) -> Iterator[list[float]]:
    """What a policy predicts of each event before it learns from it, by VW's Python interface, in order of actions."""
    workspace = vowpalwabbit.Workspace(arg_list=[*parse(arguments).words(), "--dsjson", "--quiet"])
    for text in log:
        yield [*_step(workspace, text)]
    workspace.finish()


def costs(log: Sequence[bytes]) -> Iterator[list[float]]:
    """What the reward model predicts, in order of actions."""
    workspace = vowpalwabbit.Workspace(arg_list=[*REWARD_MODEL.split(), "--dsjson", "--quiet"])
    for text in log:
        yield [*_step(workspace, text)]
    workspace.finish()


def predict_slots(arguments: str, log: Sequence[bytes]) -> Iterator[list[dict[int, float]]]:
    """What a multi-slot policy predicts of each event, as it learns: for each slot the chances of the actions left."""
    workspace = vowpalwabbit.Workspace(arg_list=[*parse(arguments).words(), "--dsjson", "--quiet"])
    for text in log:
        examples = workspace.parse(text.decode())
        workspace.learn(examples)
        slots = examples[0].get_prediction(workspace.get_prediction_type())
        workspace.finish_example(examples)
        yield [dict(slot) for slot in slots]
    workspace.finish()


def _step(workspace: Any, text: bytes) -> list[float]:
    examples = workspace.parse(text.decode())
    try:
        before: list[float] = [*workspace.predict(examples)]
        workspace.learn(examples)
    finally:
        workspace.finish_example(examples)
    return before


def plain_sums(terms: Sequence[dict[str, float]]) -> Sums:
    """The definition of `Sums`, term by term.

    Args:
        terms: Of each event q, π, p, r and min p; and, with a reward model, its predictions `chosen`, `shown`.
    """
    q = [term["q"] for term in terms]
    w = [term["q"] * term["pi"] / term["p"] for term in terms]
    r = [term["r"] for term in terms]
    u = [weight - multiplicity for weight, multiplicity in zip(w, q, strict=True)]
    g = [
        term["q"] * term["chosen"] + weight * (term["r"] - term["shown"])
        for term, weight in zip(terms, w, strict=True)
        if "chosen" in term
    ]
    d = [worth - term["q"] * term["r"] for worth, term in zip(g, terms, strict=bool(g))]
    wr = [weight * reward for weight, reward in zip(w, r, strict=True)]
    ur = [surplus * reward for surplus, reward in zip(u, r, strict=True)]
    return Sums(
        lines=len(terms),
        events=sum(q),
        non_zero=sum(weight > 0 for weight in w),
        weights=sum(w),
        squares=sum(weight**2 for weight in w),
        rewards=sum(wr),
        weighted_rewards=sum(weight * earned for weight, earned in zip(w, wr, strict=True)),
        squared_rewards=sum(term**2 for term in wr),
        surpluses=sum(u),
        surplus_squares=sum(term**2 for term in u),
        surplus_rewards=sum(ur),
        weighted_surplus_rewards=sum(surplus * earned for surplus, earned in zip(u, ur, strict=True)),
        squared_surplus_rewards=sum(term**2 for term in ur),
        modelled=len(g),
        doubly_robust=sum(g),
        doubly_robust_squares=sum(term**2 for term in g),
        gains=sum(d),
        gain_squares=sum(term**2 for term in d),
        largest=max(abs(earned) for earned in wr),
        largest_weight=max(w),
        most=max(term["q"] / term["least"] for term in terms),
        lowest=min(r),
        highest=max(r),
    )


def carry_out(task: Task, log: Any, folder: Path, kind: str = "cb") -> TaskResult:
    """Carry out a task in processes of its own."""
    return log_pass.run(task, evaluation(kind), log, folder=folder, timeout=TIMEOUT)[0]


def assert_same(expected: Sums, sums: Sums, tolerance: float = 1e-5) -> None:
    """VW writes predictions with six digits."""
    assert expected._asdict() == pytest.approx(sums._asdict(), rel=tolerance, abs=tolerance * expected.events)
