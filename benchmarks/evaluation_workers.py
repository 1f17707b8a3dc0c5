"""`evaluation-workers`: an evaluation with a search for better settings, by one worker and by two.

A worker is a process that takes one message of the queue after the other, as an instance does. Both sides evaluate the
same log, in accounts of their own. A task is carried out by processes of its own, so one worker keeps more than one
processor busy already: with reward model up to three.
"""

import gzip
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import evaluate, sides
from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from benchmarks.rounds import alternate
from benchmarks.storage import Storage, start_storage
from shared.times import DAY, HOUR, MINUTE, SECOND, from_iso

EVENTS, ROUNDS = 20_000, 1
_DAY_US = from_iso("2026-03-02T00:00:00Z")
_BLOBS = 24
_ID = "measured"


def measure(progress: Progress, events: int = EVENTS, rounds: int = ROUNDS) -> list[Figure]:
    """Measure the seconds from the question to the end."""
    with start_storage() as storage:
        single, pair = alternate(
            progress, rounds, lambda: _evaluate(storage, events, 1), lambda: _evaluate(storage, events, 2)
        )
    what = f"an evaluation of {events} events with {single[0]['tasks']} tasks: two workers"
    ours, other = [result["seconds"] for result in pair], [result["seconds"] for result in single]
    return [Figure("evaluation-workers", what, "s", ours, other, "one worker", Goal("at most", 0.75))]


def _evaluate(storage: Storage, events: int, workers: int) -> dict[str, Any]:
    """Have an evaluation carried out by so many workers; gives how long it took."""
    loop = storage.loop()
    sides.run(ask, loop, events=events)
    began = time.monotonic()
    with ThreadPoolExecutor(workers) as pool:
        done = list(pool.map(lambda _: sides.run(work, loop), range(workers)))
    return {"seconds": time.monotonic() - began, "tasks": sum(worker["tasks"] for worker in done)}


def ask(events: int) -> None:
    """Put log into storage, and ask for an evaluation of it."""
    from shared.configuration import configuration_store
    from shared.evaluation import evaluation_spec, evaluation_store
    from shared.evaluation.evaluation_spec import EvaluationSpec
    from shared.storage import clock

    _write_log(events)
    configuration = configuration_store.read_configuration()
    spec = EvaluationSpec(_ID, _ID, _DAY_US, _DAY_US + DAY, optimise=True)
    evaluation_store.start(evaluation_spec.build_evaluation(spec, configuration, _DAY_US + DAY, clock.now_us()))


def _write_log(events: int) -> None:
    from shared.configuration import configuration_store
    from shared.log import log_store

    rewards = configuration_store.read_configuration().rewards
    with TemporaryDirectory(prefix="rankloop-bench-") as folder:
        log, part = Path(folder, "log"), Path(folder, "part")
        evaluate.write_log(log, events)
        lines = log.read_bytes().splitlines(keepends=True)
        each = -(-events // _BLOBS)
        for number in range(_BLOBS):
            some = lines[number * each : (number + 1) * each]
            text = b"".join(some)
            part.write_bytes(gzip.compress(text, 6))
            start = _DAY_US + number * HOUR
            log_store.create(start, start + HOUR, part, rewards, len(some), {"cb": len(some)}, len(text))


def work() -> dict[str, int]:
    """Take messages until the evaluation has ended; gives how many of them named a task."""
    from evaluate_fn import stages
    from shared.evaluation import evaluation_queue, evaluation_store
    from shared.evaluation.evaluation import Purpose
    from shared.storage.paths import EVALUATION_QUEUE
    from shared.storage.this_storage import queues

    tasks, stop = 0, threading.Event()
    while (evaluation := evaluation_store.read(Purpose.EVALUATION, _ID)) and not evaluation.status.has_ended:
        messages = queues().receive(EVALUATION_QUEUE, 1, 10 * MINUTE // SECOND)
        if not messages:
            time.sleep(0.1)
            continue
        stages.take(messages[0].text, 1, stop)
        queues().remove(EVALUATION_QUEUE, messages[0])
        tasks += evaluation_queue.read(messages[0].text).task is not None
    if evaluation is None or evaluation.status.value != "Succeeded":
        raise ValueError(f"the evaluation has not succeeded: {evaluation}")
    return {"tasks": tasks}
