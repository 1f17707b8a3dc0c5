"""`rank-cpu`: processor time of one Rank, against Vowpal Wabbit's own for the same example.

Ours is all that the host's process uses, in its own code and in the system: HTTP, worker library, key, parsing, the
gate for features, the model, the record, and the write to storage, with 16 clients on open connections. The other side
is `parse`, `predict` and `finish_example` of Vowpal Wabbit's Python package on the same documents with the same model,
alone in a process, in turns with ours. The stages are measured in the same function, called without HTTP before it.
"""

import tempfile
import time
from statistics import median
from typing import Any

from benchmarks import examples, servers, sides, stages
from benchmarks.figures import Figure, Goal
from benchmarks.load import Load, send
from benchmarks.machine import cpu_seconds
from benchmarks.progress import Progress
from benchmarks.rounds import alternate
from benchmarks.servers import Server
from benchmarks.storage import start_storage

SIZES, ROUNDS, SECONDS, PREDICTIONS = (50, 10), 4, 2.0, 1500


def measure(
    progress: Progress, sizes: tuple[int, ...] = SIZES, rounds: int = ROUNDS, seconds: float = SECONDS
) -> list[Figure]:
    """Measure microseconds of both sides, for each number of actions."""
    with start_storage() as storage, tempfile.TemporaryDirectory(prefix="rankloop-bench-") as folder:
        progress.show("training a model")
        loop = servers.train_loop(storage)
        model = servers.model_file(loop, folder)
        return [_compare(progress, loop, str(model), actions, rounds, seconds) for actions in sizes]


def _compare(progress: Progress, loop: dict[str, str], model: str, actions: int, rounds: int, seconds: float) -> Figure:
    with servers.product(loop) as host:
        ours, alone, refused, profiles = alternate(
            progress,
            rounds,
            lambda: _rank(host, actions, seconds),
            lambda: float(sides.run(predict, loop, actions=actions, model=model)),
            lambda: _refuse(host, actions, seconds / 2),
            lambda: sides.run(stages.measure, loop, actions=actions),
        )
    return _figure(actions, ours, alone, _profile(ours, refused, profiles))


def _figure(actions: int, ours: list[float], alone: list[float], profile: dict[str, Any]) -> Figure:
    return Figure(
        "rank-cpu",
        f"processor time of one Rank, {actions} actions × 10 features",
        "µs",
        ours,
        alone,
        "VW parse + predict",
        Goal("at most", 4) if actions == max(SIZES) else None,
        profile,
    )


def _profile(ours: list[float], refused: list[float], profiles: list[dict[str, float]]) -> dict[str, Any]:
    stages_us = {stage: median(profile[stage] for profile in profiles) for stage in profiles[0]}
    return {
        "µs by stage": {**stages_us, "HTTP and worker library": median(ours) - sum(stages_us.values())},
        "µs of a call with a wrong key": median(refused),
    }


_number = iter(range(1_000_000))


def _rank(host: Server, actions: int, seconds: float) -> float:
    return _micros(host, Load(host.url, actions, f"rank-{next(_number)}-", seconds=seconds), 201)


def _refuse(host: Server, actions: int, seconds: float) -> float:
    """The same request with a wrong key: it is read, and refused before anything is done about it."""
    return _micros(host, Load(host.url, actions, "refused-", seconds=seconds, key="wrong"), 401)


def _micros(host: Server, load: Load, status: int) -> float:
    before = cpu_seconds(host.pid)
    answered = send(load, status)
    return 1e6 * (cpu_seconds(host.pid) - before) / answered.count


def predict(actions: int, model: str) -> float:
    """Microseconds of processor time that Vowpal Wabbit takes for one document."""
    from vowpalwabbit import Workspace

    workspace = Workspace(arg_list=["-i", model, "-t", "--json", "--quiet"])
    documents = [examples.document(actions, variant).decode() for variant in range(examples.VARIANTS)]
    began = 0.0
    for number in range(PREDICTIONS + 100):
        if number == 100:
            began = time.process_time()
        example = workspace.parse(documents[number % len(documents)])
        workspace.predict(example)
        workspace.finish_example(example)
    return 1e6 * (time.process_time() - began) / PREDICTIONS
