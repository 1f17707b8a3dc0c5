"""A log to evaluate, and evaluations of that log: created in this process, run by hosts."""

import gzip
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

from shared import settings
from shared.configuration.configuration import RewardSettings
from shared.evaluation import (
    evaluation_queue,
    evaluation_run_store,
    evaluation_spec,
    evaluation_store,
    plan,
    work_sign_store,
)
from shared.evaluation.evaluation import Evaluation, Policy, Purpose, Source
from shared.evaluation.evaluation_queue import make_message
from shared.evaluation.evaluation_spec import EvaluationSpec
from shared.evaluation.outcome import Outcome
from shared.evaluation.replay import log_pass
from shared.evaluation.tasks import Task, TaskResult
from shared.learner import features
from shared.log import log_line, ranked_event
from shared.loops import loop_list_store
from shared.ranking.decision import decide
from shared.storage import clock
from shared.storage.paths import this_loop
from shared.times import HOUR, MINUTE, SECOND, compact, to_datetime
from tests.clock import now_us
from tests.loop import past
from tests.loop.mixed import page
from tests.loop.stored_loop import StoredLoop

FOLDERS = {Purpose.EVALUATION: "evaluations", Purpose.IMPORTANCE: "importances", Purpose.IMPORT: "imports"}
"""The folder of the records of each purpose."""
LIKED = {"ann": 0, "bob": 1, "cid": 2}
CUSTOM = (
    Policy("greedy", "--cb_explore_adf --epsilon 0.1 -q ::", Source.CUSTOM),
    Policy("square", "--cb_explore_adf --squarecb --epsilon 0.1 -q ::", Source.CUSTOM),
)


def write(
    stored_loop: StoredLoop, *, hours: int = 4, events_an_hour: int = 150, seed: int = 1, more: Sequence[Any] = ()
) -> tuple[int, int]:
    """Put log of the last hours into storage, in which users like what `LIKED` says; gives from when to when.

    But for its times it is the same at any time.

    Args:
        more: Context features that all events have beside the user.
    """
    to_us = now_us() // HOUR * HOUR - HOUR
    from_us = to_us - hours * HOUR
    chance, rewards = random.Random(seed), past.configuration(reward_wait_time="PT10M").rewards
    for hour, start in enumerate(range(from_us, to_us, HOUR)):
        named = [(f"{hour}-{number}", start + number * 20 * SECOND) for number in range(events_an_hour)]
        lines = [
            _line(chance, number, event_id, at_us, rewards, more) for number, (event_id, at_us) in enumerate(named)
        ]
        fields = {"rewards": json.dumps(asdict(rewards)), "lines": str(len(lines)), "events": _kinds(lines)}
        name = f"logs/{to_datetime(start):%Y/%m/%d}/{compact(start)}-{compact(start + HOUR)}.dsjson.gz"
        stored_loop.put(name, gzip.compress(b"".join(line + b"\n" for line in lines)), metadata=fields)
    return from_us, to_us


def _line(
    chance: random.Random, number: int, event_id: str, at_us: int, rewards: RewardSettings, more: Sequence[Any]
) -> bytes:
    """An event in which a logged policy prefers some action; every 50th is of another kind."""
    user = chance.choice(past.USERS)
    if number % 50 == 49:
        event = ranked_event.unpack(page(past.event(event_id, at_us)).payload, event_id, at_us)
        return log_line.event_line(event, [], rewards).text
    document = features.document([{"user": user}, *more], [(name, [{"letter": name}]) for name in past.ACTIONS])
    best = chance.randrange(len(past.ACTIONS))
    decision = decide([0.1 + 0.6 * (action == best) for action in range(4)], "m", event_id, this_loop().name)
    event = ranked_event.from_decision(event_id, at_us, document, decision, deferred=False)
    is_liked = decision.order[0] == LIKED[user]
    return log_line.event_line(event, [past.reward(event_id, at_us + MINUTE)] if is_liked else [], rewards).text


def _kinds(lines: list[bytes]) -> str:
    kinds = [log_line.kind(line) for line in lines]
    return json.dumps({kind: kinds.count(kind) for kind in sorted({str(kind) for kind in kinds})})


@contextmanager
def use_storage(storage: str) -> Iterator[None]:
    """Let this process be one of the app's, with its storage."""
    with settings.use(settings.read({"AzureWebJobsStorage": storage})):
        yield


def build_evaluation(evaluation_id: str, span: tuple[int, int], **changes: Any) -> Evaluation:
    """An evaluation of all log, as a request would create it now."""
    fields: dict[str, Any] = {"custom": CUSTOM, "optimise": False, **changes}
    spec = EvaluationSpec(evaluation_id, "an evaluation", *span, **fields)
    return evaluation_spec.build_evaluation(spec, past.configuration(reward_wait_time="PT10M"), span[1], now_us())


def wait_for(evaluation: Evaluation, seconds: float = 120) -> Evaluation:
    """Wait for the end of an evaluation."""
    until = time.monotonic() + seconds
    while True:
        now = evaluation_store.read(evaluation.purpose, evaluation.id)
        assert now is not None
        if now.status.has_ended:
            return now
        assert time.monotonic() < until, now
        time.sleep(0.2)


def is_running(evaluation: Evaluation) -> bool:
    """Whether it has no end yet."""
    now = evaluation_store.read(evaluation.purpose, evaluation.id)
    return now is not None and not now.status.has_ended


def survey_later(seconds: int = 60) -> None:
    """Let the trainer look for workers that have died as if it were later: they gave their last sign right now."""
    work_sign_store.send_lost(loop_list_store.read_listing().work, clock.now_us() + seconds * SECOND)


def send_again(evaluation: Evaluation) -> None:
    """Let messages come now that a worker who died had, even before its first sign of life."""
    survey_later()
    tasks = plan.open_tasks(evaluation, evaluation_run_store.read_results(evaluation))
    evaluation_queue.send([make_message(evaluation), *(make_message(evaluation, task.key) for task in tasks)])


def wait_until(holds: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something holds."""
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.1)


def evaluate_in_process(stored_loop: StoredLoop, evaluation: Evaluation, folder: Path) -> Outcome:
    """What an evaluation finds if one process does all of it, one task after the other."""
    return plan.outcome(evaluation, results_in_process(stored_loop, evaluation, folder))


def results_in_process(stored_loop: StoredLoop, evaluation: Evaluation, folder: Path) -> dict[str, TaskResult]:
    """The results of all its tasks then."""
    lines, results = stored_loop.lines(), dict[str, TaskResult]()
    while tasks := plan.open_tasks(evaluation, results):
        for task in tasks:
            place = folder / f"{len(results)}"
            place.mkdir()
            results[task.key] = _carry_out(task, evaluation, lines, place)
    return results


def _carry_out(task: Task, evaluation: Evaluation, lines: list[bytes], folder: Path) -> TaskResult:
    """Learn in this process, one learner after the other; in processes where models are to be kept."""
    if task.keeps_model:
        return log_pass.run(task, evaluation, lines, folder=folder, timeout=timedelta(minutes=1))[0]
    return log_pass.run_in_process(task, evaluation, lines, folder=folder)
