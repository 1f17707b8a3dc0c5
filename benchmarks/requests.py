"""`requests`: Ranks a second that one process answers, against the home-made server of `home_made`.

Both run on this machine over the same emulator, each with the same model, and are asked in turns by the same load: 32
clients in one process. The home-made server checks no key, cleans no features and knows no repetition.
"""

import tempfile

from benchmarks import servers
from benchmarks.figures import Figure, Goal
from benchmarks.load import Answered, Load, send
from benchmarks.machine import cpu_seconds
from benchmarks.progress import Progress
from benchmarks.rounds import alternate
from benchmarks.servers import Server
from benchmarks.storage import start_storage

SIZES, ROUNDS, SECONDS, CLIENTS = (10, 50), 4, 2.0, 32


def measure(
    progress: Progress, sizes: tuple[int, ...] = SIZES, rounds: int = ROUNDS, seconds: float = SECONDS
) -> list[Figure]:
    """Measure answers a second, for each number of actions."""
    with start_storage() as storage, tempfile.TemporaryDirectory(prefix="rankloop-bench-") as folder:
        progress.show("training a model")
        loop = servers.train_loop(storage)
        model = servers.model_file(loop, folder)
        with servers.product(loop) as ours, servers.home_made(loop, model) as theirs:
            return [_compare(progress, ours, theirs, size, rounds, seconds) for size in sizes]


def _compare(progress: Progress, ours: Server, theirs: Server, actions: int, rounds: int, seconds: float) -> Figure:
    own, other = alternate(
        progress, rounds, lambda: _burst(ours, actions, seconds), lambda: _burst(theirs, actions, seconds)
    )
    return Figure(
        "requests",
        f"Ranks of one process, {actions} actions × 10 features",
        "requests/s",
        [answered.rate for answered, _ in own],
        [answered.rate for answered, _ in other],
        "FastAPI + VW + tables SDK",
        Goal("at least", 5),
        {
            "processor ms a request": {"ours": own[-1][1], "theirs": other[-1][1]},
            "milliseconds, half of the answers": {"ours": own[-1][0].p50_ms, "theirs": other[-1][0].p50_ms},
            "milliseconds, 99 % of the answers": {"ours": own[-1][0].p99_ms, "theirs": other[-1][0].p99_ms},
        },
    )


_number = iter(range(1_000_000))


def _burst(server: Server, actions: int, seconds: float) -> tuple[Answered, float]:
    """Send the load once; gives what came of it, and the server's milliseconds of processor time a request."""
    before = cpu_seconds(server.pid)
    answered = send(Load(server.url, actions, f"burst-{next(_number)}-", CLIENTS, seconds))
    return answered, 1000 * (cpu_seconds(server.pid) - before) / answered.count
