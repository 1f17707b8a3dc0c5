"""`loops`: what a Rank of one of many loops costs, against a Rank of the loop `default`, on one host.

Each loop has a model of its own, which was imported, and a key for Ranks. Its calls name the loop in their paths: so
the app finds the operation, and not the platform as for `default`. Their key is checked by its digest. Rows of several
clients that come together are one request to storage, if they are of one loop: so one client is measured, too. What
many models cost by themselves, since no cache holds the weights of all, is measured with Vowpal Wabbit alone.
"""

import json
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from pathlib import Path

from benchmarks import examples, servers, sides
from benchmarks.figures import Figure, Goal
from benchmarks.load import Load, send
from benchmarks.machine import cpu_seconds
from benchmarks.progress import Progress
from benchmarks.rounds import alternate
from benchmarks.servers import Server
from benchmarks.storage import start_storage

LOOPS, ACTIONS, ROUNDS, SECONDS = 100, 50, 7, 2.0
CLIENTS, PREDICTIONS = 16, 1500
_run = count()


def measure(
    progress: Progress, loops: int = LOOPS, actions: int = ACTIONS, rounds: int = ROUNDS, seconds: float = SECONDS
) -> list[Figure]:
    """Measure microseconds of processor time of a Rank: of one other loop, and of many in turn."""
    with start_storage() as storage, tempfile.TemporaryDirectory(prefix="rankloop-bench-") as folder:
        progress.show("training a model")
        loop = servers.train_loop(storage)
        model = servers.model_file(loop, folder)
        with servers.product(loop) as host:
            made = []
            for number in range(loops):
                progress.show(f"making loop {number + 1} of {loops}")
                made.append(_make_loop(host, f"loop-{number}", model))
            _rank(host, actions, seconds, made, CLIENTS)  # loads their models
            many_models, single_model = alternate(
                progress,
                rounds,
                lambda: float(sides.run(predict_in_turn, loop, actions=actions, model=str(model), models=loops)),
                lambda: float(sides.run(predict_in_turn, loop, actions=actions, model=str(model), models=1)),
            )
            alone = alternate(progress, rounds, *_sides(host, actions, seconds, made, clients=1))
            together = alternate(progress, rounds, *_sides(host, actions, seconds, made, clients=CLIENTS))
    what = f"processor time of one Rank, {actions} actions × 10 features"
    vw = f"the same of Vowpal Wabbit's parse + predict alone, {loops} models in turn"
    return [
        *_figures(f"{what}, one client", loops, *alone),
        *_figures(f"{what}, {CLIENTS} clients", loops, *together),
        Figure("loops", vw, "µs", many_models, single_model, "one model"),
    ]


def _figures(what: str, loops: int, default: list[float], other: list[float], many: list[float]) -> list[Figure]:
    against, goal = "the loop default", Goal("at most", 1.05)
    return [
        Figure("loops", f"{what}, another loop", "µs", other, default, against, goal),
        Figure("loops", f"{what}, {loops} loops in turn", "µs", many, default, against, goal),
    ]


def _sides(
    host: Server, actions: int, seconds: float, made: Sequence[tuple[str, str]], clients: int
) -> list[Callable[[], float]]:
    sides: tuple[Sequence[tuple[str, str]], ...] = ((), made[:1], made)
    return [partial(_rank, host, actions, seconds, loops, clients) for loops in sides]


def _rank(host: Server, actions: int, seconds: float, loops: Sequence[tuple[str, str]], clients: int) -> float:
    load = Load(host.url, actions, f"loops-{next(_run)}-", clients, seconds, loops=tuple(loops))
    before = cpu_seconds(host.pid)
    answered = send(load)
    return 1e6 * (cpu_seconds(host.pid) - before) / answered.count


def predict_in_turn(actions: int, model: str, models: int) -> float:
    """Microseconds of processor time that Vowpal Wabbit takes for one document, each of the next of so many models."""
    from vowpalwabbit import Workspace

    workspaces = [Workspace(arg_list=["-i", model, "-t", "--json", "--quiet"]) for _ in range(models)]
    documents = [examples.document(actions, variant).decode() for variant in range(examples.VARIANTS)]
    began = 0.0
    for number in range(2 * PREDICTIONS):
        if number == PREDICTIONS:
            began = time.process_time()
        workspace = workspaces[number % models]
        example = workspace.parse(documents[number % len(documents)])
        workspace.predict(example)
        workspace.finish_example(example)
    return 1e6 * (time.process_time() - began) / PREDICTIONS


def _make_loop(host: Server, name: str, model: Path) -> tuple[str, str]:
    """Make a loop with a model; gives its name and a key."""
    servers.call(host.url, "PUT", f"/rankloop/v1/loops/{name}", b"")
    made = json.loads(servers.call(host.url, "PUT", f"/{name}/rankloop/v1/keys/app", b'{"role": "rank"}'))
    servers.call(host.url, "PUT", f"/{name}/rankloop/v1/model", model.read_bytes())
    return name, made["key"]
