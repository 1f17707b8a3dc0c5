"""Log lines and models for the tests of the learner."""

import random
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import orjson

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.intake.rows import Observation
from shared.learner.arguments import parse
from shared.learner.features import document
from shared.learner.training import TrainingResult, train
from shared.log.log_line import event_line
from shared.log.ranked_event import RankedEvent

TIMEOUT = timedelta(seconds=60)
REWARDS = RewardSettings(600_000_000, 0.0, Aggregation.EARLIEST)
GREEDY = "--cb_explore_adf --epsilon 0.2 --cb_type mtr -q ::"


def line_of(features: bytes, count: int, chosen: int = 0, reward: float = 1.0, event_id: str = "e1") -> bytes:
    """The log line of an event that showed one of `count` actions and was rewarded."""
    order = [chosen, *(position for position in range(count) if position != chosen)]
    shown = RankedEvent(
        event_id,
        1_700_000_000_000_000,
        features,
        orjson.dumps([position + 1 for position in order]),
        orjson.dumps([1 / count] * count),
        "N/A",
        deferred=False,
    )
    return event_line(shown, [Observation(event_id, "o", shown.at_us + 1, reward)], REWARDS).text


def event(rng: random.Random, actions: int = 4) -> bytes:
    """The features of one event of a small world, in which user and action together decide the reward."""
    context = [
        {"time": {"part": rng.choice(["am", "pm"]), "hour": rng.randrange(24)}},
        {"user": f"u{rng.randrange(3)}"},
    ]
    choices = [(f"a{number}", [{"kind": f"k{number % 3}", "price": rng.random()}]) for number in range(actions)]
    return document(context, choices)


def event_lines(number: int, seed: int = 1, actions: int = 4) -> list[bytes]:
    """Log lines of many such events."""
    rng = random.Random(seed)
    lines = []
    for index in range(number):
        features, chosen = event(rng, actions), rng.randrange(actions)
        pays = (features.count(b'"user":"u1"') + chosen) % 3 == 0
        lines.append(line_of(features, actions, chosen, float(pays), f"e{index}"))
    return lines


def slots_lines(number: int, seed: int = 1) -> list[bytes]:
    """Log lines of events with several slots."""
    rng = random.Random(seed)
    lines = []
    for index in range(number):
        actions, left, outcomes = rng.randint(2, 4), [*range(4)], []
        left = left[:actions]
        for slot in range(rng.randint(1, actions)):
            rng.shuffle(left)
            outcome = {"_label_cost": -float(rng.random() < 0.3), "_id": f"s{slot}", "_a": [*left]}
            outcomes.append(outcome | {"_p": [1 / len(left)] * len(left)})
            left.pop(0)
        multi = [{"TAction": {"kind": f"k{action}"}} for action in range(actions)]
        slots = [{"Slot": {"place": outcome["_id"]}, "_id": outcome["_id"]} for outcome in outcomes]
        context = {"GUser": {"id": f"u{index % 3}"}, "_multi": multi, "_slots": slots}
        head = {"Timestamp": "2024-04-13T15:08:46.250000Z", "Version": "1", "EventId": f"e{index}"}
        lines.append(orjson.dumps(head | {"c": context, "_outcomes": outcomes, "VWState": {"m": "N/A"}}))
    return lines


def write(path: Path, lines: Sequence[bytes]) -> Path:
    """A log file of these lines."""
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def train_model(
    folder: Path, lines: Sequence[bytes], arguments: str, name: str = "model"
) -> tuple[bytes, TrainingResult]:
    """A model for Rank that has learned from these lines, from empty."""
    log = write(folder / f"{name}.json", lines)
    words, predictor = parse(arguments).with_epsilon(0.2), folder / f"{name}.predictor"
    result = train(log, folder / f"{name}.state", arguments=words, old_state=None, predictor=predictor, timeout=TIMEOUT)
    return predictor.read_bytes(), result
