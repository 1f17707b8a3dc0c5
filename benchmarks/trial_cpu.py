"""`trial-cpu`: processor time of one Rank while a challenger is on trial, against one of a loop without.

Both hosts serve the same model, with 16 clients on open connections, in turns. The challenger of the one is a second
copy of that model, so that both sides rank with settings that cost the same.
"""

import json
import time

from benchmarks import examples, servers, sides
from benchmarks.figures import Figure, Goal
from benchmarks.load import Load, send
from benchmarks.machine import cpu_seconds
from benchmarks.progress import Progress
from benchmarks.rounds import alternate
from benchmarks.servers import Server
from benchmarks.storage import start_storage
from localhost.failures import StartFailure

SIZES, ROUNDS, SECONDS = (50, 10), 4, 2.0
_SECONDS = 30


def measure(
    progress: Progress, sizes: tuple[int, ...] = SIZES, rounds: int = ROUNDS, seconds: float = SECONDS
) -> list[Figure]:
    """Measure microseconds of both sides, for each number of actions."""
    with start_storage() as storage:
        progress.show("training two models")
        alone, on_trial = servers.train_loop(storage), servers.train_loop(storage)
        sides.run(begin_trial, on_trial)
        with servers.product(alone) as plain, servers.product(on_trial) as trying:
            _await_trial(plain, trying)
            return [_compare(progress, plain, trying, actions, rounds, seconds) for actions in sizes]


def _compare(progress: Progress, plain: Server, trying: Server, actions: int, rounds: int, seconds: float) -> Figure:
    ours, without = alternate(
        progress, rounds, lambda: _rank(trying, actions, seconds), lambda: _rank(plain, actions, seconds)
    )
    what = f"processor time of one Rank in a trial, {actions} actions × 10 features"
    return Figure("trial-cpu", what, "µs", ours, without, "without a trial", Goal("at most", 1.5))


_number = iter(range(1_000_000))


def _rank(host: Server, actions: int, seconds: float) -> float:
    before = cpu_seconds(host.pid)
    answered = send(Load(host.url, actions, f"tried-{next(_number)}-", seconds=seconds), 201)
    return 1e6 * (cpu_seconds(host.pid) - before) / answered.count


def _await_trial(plain: Server, trying: Server) -> None:
    """Wait until the challenger is in memory: then fewer draws are for all actions alike."""
    until = time.monotonic() + _SECONDS
    while _smallest(trying) > 0.9 * _smallest(plain):
        if time.monotonic() > until:
            raise StartFailure("The host does not use the challenger.")
        time.sleep(0.2)


def _smallest(host: Server) -> float:
    """The smallest chance of an action."""
    answer = json.loads(
        servers.call(host.url, "POST", "/rankloop/v1/chances", json.dumps(examples.body(10, 0)).encode())
    )
    return min(float(action["probability"]) for action in answer["actions"])


def begin_trial() -> None:
    """Let the loop's own model be the challenger, too."""
    from dataclasses import replace

    from shared.configuration import configuration_store
    from shared.models import published_store
    from shared.models.published import Published, PublishedTrial

    def try_model(published: Published) -> Published:
        if published.model is None:
            raise StartFailure("The loop has no model.")
        return replace(published, trial=PublishedTrial("bench", published.model))

    configuration_store.change_configuration(
        lambda stored: replace(stored, service=replace(stored.service, is_auto_optimization_enabled=True))
    )
    published_store.change_published(try_model)
