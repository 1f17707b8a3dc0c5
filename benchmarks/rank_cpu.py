"""`rank-cpu`: processor time of one Rank, against Vowpal Wabbit's own for the same example.

Ours is all that the host's process uses, in its own code and in the system: HTTP, worker library, key, parsing, the
gate for features, the model, the record, and the write to storage, with 16 clients on open connections. The other side
is `parse`, `predict` and `finish_example` of Vowpal Wabbit's Python package on the same documents with the same model,
alone in a process, in turns with ours. The stages are measured in the same function, called without HTTP before it.
"""

import tempfile
import time
from statistics import median
from typing import Any, NamedTuple

from benchmarks import examples, servers, sides, stages
from benchmarks.figures import Figure, Goal
from benchmarks.load import Load, send
from benchmarks.machine import cpu_seconds
from benchmarks.progress import Progress
from benchmarks.rounds import alternate
from benchmarks.servers import Server
from benchmarks.storage import start_storage

ROUNDS, SECONDS, PREDICTIONS = 5, 2.0, 1500


class Case(NamedTuple):
    """Ranks of a size.

    Attributes:
        new: How many of the actions no other Rank has.
        goal: The most that one may cost, in Vowpal Wabbit's own time.
    """

    actions: int
    new: int
    goal: float | None

    def __str__(self) -> str:
        """Name it as the table does."""
        repeating = "always new" if self.new == self.actions else f"{self.new} of them new" if self.new else "repeating"
        return f"{self.actions} actions × 10 features, {repeating}"


CASES = (Case(50, 0, 2.5), Case(50, 5, 3.0), Case(50, 50, 3.3), Case(10, 0, 6.0), Case(5, 0, None))
_REWARD_GOAL = 150


def measure(
    progress: Progress, cases: tuple[Case, ...] = CASES, rounds: int = ROUNDS, seconds: float = SECONDS
) -> list[Figure]:
    """Measure microseconds of both sides, for each case; and those of a Reward."""
    with start_storage() as storage, tempfile.TemporaryDirectory(prefix="rankloop-bench-") as folder:
        progress.show("training a model")
        loop = servers.train_loop(storage)
        model = servers.model_file(loop, folder)
        with servers.product(loop) as host:
            ranks = [_compare(progress, host, loop, str(model), case, rounds, seconds) for case in cases]
            return [*ranks, _reward(progress, host, rounds, seconds)]


def _compare(
    progress: Progress, host: Server, loop: dict[str, str], model: str, case: Case, rounds: int, seconds: float
) -> Figure:
    ours, alone, refused, profiles = alternate(
        progress,
        rounds,
        lambda: _rank(host, case, seconds),
        lambda: float(sides.run(predict, loop, actions=case.actions, model=model)),
        lambda: _refuse(host, case, seconds / 2),
        lambda: sides.run(stages.measure, loop, actions=case.actions, new=case.new),
    )
    goal = None if case.goal is None else Goal("at most", case.goal)
    what, details = f"processor time of one Rank, {case}", _profile(ours, refused, profiles)
    return Figure("rank-cpu", what, "µs", ours, alone, "VW parse + predict", goal, details)


def _reward(progress: Progress, host: Server, rounds: int, seconds: float) -> Figure:
    (ours,) = alternate(progress, rounds, lambda: _micros(host, _rewards(host, seconds), 204))
    return Figure("rank-cpu", "processor time of one Reward", "µs", ours, goal=Goal("at most", _REWARD_GOAL))


def _profile(ours: list[float], refused: list[float], profiles: list[dict[str, float]]) -> dict[str, Any]:
    stages_us = {stage: median(profile[stage] for profile in profiles) for stage in profiles[0]}
    return {
        "µs by stage": {**stages_us, "HTTP and worker library": median(ours) - sum(stages_us.values())},
        "µs of a call with a wrong key": median(refused),
    }


_number = iter(range(1_000_000))


def _rank(host: Server, case: Case, seconds: float) -> float:
    return _micros(host, Load(host.url, case.actions, f"rank-{next(_number)}-", seconds=seconds, new=case.new), 201)


def _rewards(host: Server, seconds: float) -> Load:
    return Load(host.url, 0, f"reward-{next(_number)}-", seconds=seconds, rewards=True)


def _refuse(host: Server, case: Case, seconds: float) -> float:
    """The same request with a wrong key: it is read, and refused before anything is done about it."""
    return _micros(host, Load(host.url, case.actions, "refused-", seconds=seconds, key="wrong"), 401)


def _micros(host: Server, load: Load, status: int) -> float:
    before = cpu_seconds(host.pid)
    answered = send(load, status)
    return 1e6 * (cpu_seconds(host.pid) - before) / answered.count


def predict(actions: int, model: str) -> float:
    """Microseconds of processor time that Vowpal Wabbit takes for one document."""
    from vowpalwabbit import Workspace

    workspace = Workspace(arg_list=["-i", model, "-t", "--json", "--quiet"])
    documents = [examples.document(actions, variant, new=0).decode() for variant in range(examples.VARIANTS)]
    began = 0.0
    for number in range(PREDICTIONS + 100):
        if number == 100:
            began = time.process_time()
        example = workspace.parse(documents[number % len(documents)])
        workspace.predict(example)
        workspace.finish_example(example)
    return 1e6 * (time.process_time() - began) / PREDICTIONS
