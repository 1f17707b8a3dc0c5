"""`concurrency`: how many calls one instance should take at once, and how much memory its processes need.

Rank is work for the processor, and the functions of an instance are one Python process, so one core. While storage
writes, the process takes other calls: the longer storage takes, the more calls keep it busy. More than that only wait.
So the number is the largest one with which half of the answers take at most two and a half times as long as alone: the
platform starts another instance for the rest. The load is closed: each client sends its next Rank when it has the
answer. Storage answers a while later than the emulator would, as one in a region does.

The memory is that of the process with the functions after the whole load, of the trainer, and of the learner's own.
"""

from dataclasses import dataclass
from functools import partial
from statistics import median

from benchmarks import delay, footprint, servers
from benchmarks.figures import Figure, Goal
from benchmarks.load import Answered, Load, send
from benchmarks.machine import cpu_seconds, peak_bytes, resident_bytes
from benchmarks.progress import Progress
from benchmarks.rounds import alternate
from benchmarks.servers import Server
from benchmarks.storage import Storage, start_storage
from localhost.environment import STORAGE

CHOSEN = 16
"""What the template of the deployment sets as HTTP concurrency of an instance."""
AT_ONCE, ROUNDS, SECONDS = (1, 2, 4, 8, 16, 32, 64), 3, 2.0
_NEARLY, _LONGER = 0.9, 2.5
_number = iter(range(1_000_000))


@dataclass(frozen=True, slots=True)
class Case:
    """What is ranked, and how far away storage is.

    Attributes:
        actions: Of each Rank.
        delay_ms: How much later storage answers.
        decides: Whether the number is chosen by it.
    """

    actions: int
    delay_ms: int
    decides: bool

    def __str__(self) -> str:
        """In the words of the table."""
        return f"{self.actions} actions, storage {self.delay_ms} ms away"


CASES = (Case(50, 5, True), Case(50, 10, True), Case(10, 10, False))


@dataclass(frozen=True, slots=True)
class _Burst:
    """A load, and how much of a core the functions' process used meanwhile."""

    answered: Answered
    core: float


def measure(
    progress: Progress,
    at_once: tuple[int, ...] = AT_ONCE,
    cases: tuple[Case, ...] = CASES,
    rounds: int = ROUNDS,
    seconds: float = SECONDS,
) -> list[Figure]:
    """Measure Ranks a second and milliseconds for each number of clients, then memory."""
    with start_storage() as storage:
        progress.show("training a model")
        loop = servers.train_loop(storage)
        figures = [_measure(progress, storage, loop, case, at_once, rounds, seconds) for case in cases]
        return [*(figure for group in figures for figure in group), *footprint.trainer(progress, storage)]


def _measure(
    progress: Progress,
    storage: Storage,
    loop: dict[str, str],
    case: Case,
    at_once: tuple[int, ...],
    rounds: int,
    seconds: float,
) -> list[Figure]:
    table = storage.azurite.account.ports.table
    with delay.delay_answers(table, case.delay_ms) as port:
        connection = loop[STORAGE].replace(f"127.0.0.1:{table}", f"127.0.0.1:{port}")
        with servers.product({**loop, STORAGE: connection}) as host:
            before = resident_bytes(host.pid)
            sides = [partial(_burst, host, case.actions, number, seconds) for number in at_once]
            sides[0]()
            bursts = dict(zip(at_once, alternate(progress, rounds, *sides), strict=True))
            memory = footprint.functions(before, peak_bytes(host.pid), str(case))
    waits = [_wait(case, number, bursts) for number in sorted({CHOSEN, max(at_once)})]
    return [*_rates(case, bursts), *waits, memory]


def _burst(host: Server, actions: int, at_once: int, seconds: float) -> _Burst:
    used = cpu_seconds(host.pid)
    answered = send(Load(host.url, actions, f"burst-{next(_number)}-", at_once, seconds))
    return _Burst(answered, (cpu_seconds(host.pid) - used) / answered.seconds)


def _rates(case: Case, bursts_by_number: dict[int, list[_Burst]]) -> list[Figure]:
    """Ranks a second of each number of clients, against those of the best number."""
    rates = {number: [burst.answered.rate for burst in bursts] for number, bursts in bursts_by_number.items()}
    best = max(rates, key=lambda number: median(rates[number]))
    enough = min(number for number in rates if median(rates[number]) >= _NEARLY * median(rates[best]))
    return [
        Figure(
            "concurrency",
            f"{number} at once, {case}",
            "Ranks/s",
            rates[number],
            rates[best],
            f"most, at {best}",
            None,
            {**_details(bursts), "nine tenths of the most from": enough},
        )
        for number, bursts in bursts_by_number.items()
    ]


def _details(bursts: list[_Burst]) -> dict[str, float]:
    figures = {
        "half of the answers, ms": median(burst.answered.p50_ms for burst in bursts),
        "95 % of the answers, ms": median(burst.answered.p95_ms for burst in bursts),
        "99 % of the answers, ms": median(burst.answered.p99_ms for burst in bursts),
        "share of a core": median(burst.core for burst in bursts),
    }
    return {**figures, "processor ms of one": median(1000 * burst.core / burst.answered.rate for burst in bursts)}


def _wait(case: Case, number: int, bursts: dict[int, list[_Burst]]) -> Figure:
    """How long half of the answers take at most, against one client alone."""
    return Figure(
        "concurrency",
        f"half of the answers, {number} at once, {case}",
        "ms",
        [burst.answered.p50_ms for burst in bursts[number]],
        [burst.answered.p50_ms for burst in bursts[min(bursts)]],
        f"{min(bursts)} at once",
        Goal("at most", _LONGER) if number == CHOSEN and case.decides else None,
    )
