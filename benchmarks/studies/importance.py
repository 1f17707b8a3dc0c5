"""`importance`: how well feature importances separate features that matter from others, by the length of the log.

In simulated logs of a loop with an exploration of 20 %, a click is four times as likely where the action's topic is the
one for the person's hobby. Nothing else matters: neither a feature that is different for each person, nor a price, nor
the action's id.
"""

import random
import tempfile
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from statistics import fmean

import orjson

from benchmarks.figures import Figure
from benchmarks.progress import Progress
from shared.configuration.configuration import INITIAL_ARGUMENTS, RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.evaluation.evaluation import EvaluatedLog, Evaluation, Policy, Purpose, Source
from shared.evaluation.importance import open_tasks, scores
from shared.evaluation.outcome import FeatureScore
from shared.evaluation.replay import feature_names, feature_search, log_pass
from shared.evaluation.tasks import Task, TaskResult
from shared.learner.features import document
from shared.times import MINUTE, to_iso

EVENTS, LOGS = (1000, 2000, 5000, 20_000), 20
SELDOM, OFTEN = 0.1, 0.4
"""How likely a click is, and how likely where the topic is the right one."""
MATTERS = {("FromUrl", "hobby"), ("j", "topic")}
_ACTIONS, _EPSILON = 4, 0.2
_BEST = {"hiking": "boots", "swimming": "goggles", "chess": "boards"}
_TOPICS, _NAMES = (*_BEST.values(), "lamps"), ("red", "blue", "green")
_BEGIN_US = 1_700_000_000_000_000


def measure(progress: Progress, sizes: Sequence[int] = EVENTS, logs: int = LOGS) -> list[Figure]:
    """Make logs of each size, and find out what their features are worth."""
    figures: list[Figure] = []
    for events in sizes:
        rows: list[FeatureScore] = []
        for seed in range(logs):
            progress.show(f"{events} events, log {seed + 1} of {logs}")
            rows += score_features(events, seed)
        figures += _figures(events, rows)
    return figures


def score_features(events: int, seed: int, often: float = OFTEN) -> tuple[FeatureScore, ...]:
    """What the features of a simulated log are worth."""
    lines, evaluation, results = list(_log(events, seed, often)), _evaluation(events), dict[str, TaskResult]()
    with tempfile.TemporaryDirectory() as place:
        folders = (Path(place) / str(number) for number in count())
        while tasks := open_tasks(evaluation, results):
            for task in tasks:
                (folder := next(folders)).mkdir()
                results[task.key] = _carry_out(task, evaluation, lines, folder)
    return scores(evaluation, results)


def _carry_out(task: Task, evaluation: Evaluation, lines: Sequence[bytes], folder: Path) -> TaskResult:
    if task.finds_features:
        return feature_search.run(task, evaluation, lines)
    left = [feature_names.remove_feature(line, *task.without) for line in lines] if task.without else lines
    return log_pass.run_in_process(task, evaluation, left, folder=folder)


def _figures(events: int, rows: Sequence[FeatureScore]) -> Iterator[Figure]:
    for what, wanted in (("that matter", True), ("that do not", False)):
        some = [row for row in rows if ((row.namespace, row.feature) in MATTERS) is wanted]
        details = {"mean score": fmean(row.score for row in some), "highest score": max(row.score for row in some)}
        share = fmean(row.is_clear for row in some)
        yield Figure("importance", f"{events} events: features {what}, found", "of 1", [share], details=details)


def _log(events: int, seed: int, often: float) -> Iterator[bytes]:
    draw = random.Random(seed)
    for number in range(events):
        hobby, topics = draw.choice([*_BEST]), [draw.choice(_TOPICS) for _ in range(_ACTIONS)]
        person = {"id": f"p{draw.randrange(2000)}", "device": draw.choice(_NAMES)}
        context = [{"hobby": hobby, "hour": draw.randrange(24)}, {"person": person}]
        named = [(f"place-{place}", [_action(topic, draw)]) for place, topic in enumerate(topics)]
        best = _BEST[hobby] if draw.random() < 0.5 else topics[0]
        chances = _chances(topics.index(best) if best in topics else 0)
        shown = draw.choices(range(_ACTIONS), chances)[0]
        clicked = draw.random() < (often if topics[shown] == _BEST[hobby] else SELDOM)
        yield _line(number, document(context, named), shown, chances, clicked)


def _action(topic: str, draw: random.Random) -> dict[str, object]:
    return {"topic": topic, "color": draw.choice(_NAMES), "price": round(draw.random(), 2)}


def _chances(best: int) -> list[float]:
    return [_EPSILON / _ACTIONS + (1 - _EPSILON) * (place == best) for place in range(_ACTIONS)]


def _line(number: int, text: bytes, shown: int, chances: Sequence[float], clicked: bool) -> bytes:
    order = [shown, *(place for place in range(_ACTIONS) if place != shown)]
    fields = {
        "_label_cost": -float(clicked),
        "_label_probability": chances[shown],
        "_label_Action": shown + 1,
        "_labelIndex": shown,
        "Timestamp": to_iso(_BEGIN_US + number * MINUTE),
        "EventId": f"e{number}",
        "a": [place + 1 for place in order],
        "p": [chances[place] for place in order],
    }
    return orjson.dumps(fields)[:-1] + b',"c":%b}' % text


def _evaluation(events: int) -> Evaluation:
    end_us = _BEGIN_US + events * MINUTE
    return Evaluation(
        id="simulated",
        purpose=Purpose.IMPORTANCE,
        name="simulated",
        is_of_2022=True,
        start_us=_BEGIN_US,
        end_us=end_us,
        created_us=end_us,
        custom=(),
        optimise=False,
        round_number=0,
        online=Policy("online", INITIAL_ARGUMENTS, Source.ONLINE),
        exploration=_EPSILON,
        log=EvaluatedLog(_BEGIN_US, end_us, "cb", RewardSettings(10 * MINUTE, 0.0, Aggregation.EARLIEST)),
    )
