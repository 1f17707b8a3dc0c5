"""`worker`: processor time of calls in the worker that production has, against an empty function and Vowpal Wabbit.

The worker's process is all that counts, with 16 calls in flight over gRPC: to read what comes from the Functions host,
and to answer it. What the host itself costs is on neither side. The empty function gets the same requests, and gives an
answer as long as that to a Rank with 50 actions. Vowpal Wabbit's side is that of `rank-cpu` and `multislot-cpu`.
"""

import itertools
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import examples, multislot_cpu, rank_cpu, servers, sides
from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from benchmarks.rounds import alternate
from benchmarks.rpc.host import EMPTY_APP, Call, Host, start_worker
from benchmarks.storage import BYTECODE, Storage, start_storage
from localhost.environment import ROOT

GOALS = {50: 2.0, 10: 1.3}
"""The most that a Rank of so many actions may take, in times of an empty function."""
ROUNDS, SECONDS = 5, 2.0
_EMPTY = "empty function"
_SLOTS_FUNCTION = "multislot_rank_v1_1_preview_3"
_EVENT_ID = b"EVENT-ID"


@dataclass(frozen=True, slots=True)
class Kind:
    """Calls of one kind.

    Attributes:
        what: What one of them is, in a few words.
        function: Its name.
        path: Of the call, where `EVENT-ID` stands for the event's id, as it does in the bodies.
        bodies: Sent in turn.
        alone: Gives the microseconds that Vowpal Wabbit takes for the same; None where it does nothing.
        goal: The most that one may take, in times of an empty function.
    """

    what: str
    host: Host
    function: str
    path: str
    bodies: tuple[bytes, ...]
    status: int = 201
    alone: Callable[[], float] | None = None
    goal: float | None = None

    def measure(self, seconds: float) -> float:
        """Microseconds of the worker's processor time for one call."""
        return self.host.measure(self._calls(), self.status, seconds)

    def _calls(self) -> Iterator[Call]:
        for body in itertools.cycle(self.bodies):
            event_id = f"called-{next(_number)}"
            path = self.path.replace(_EVENT_ID.decode(), event_id)
            yield Call(self.function, path, body.replace(_EVENT_ID, event_id.encode()), {"eventId": event_id})


_number = iter(range(100_000_000))


def measure(progress: Progress, rounds: int = ROUNDS, seconds: float = SECONDS) -> list[Figure]:
    """Measure microseconds of a Rank, a Reward and a multi-slot Rank."""
    with start_storage() as storage, ExitStack() as ending:
        progress.show("training models")
        kinds = _kinds(storage, ending)
        empty, quiet = (_start_empty(ending, kinds[0], **more) for more in ({}, {"QUIET": "yes"}))
        twins = [replace(kind, host=empty, function="empty", status=201) for kind in kinds]
        silent = replace(twins[0], host=quiet)
        alone = [kind.alone for kind in kinds if kind.alone]
        turns = [partial(kind.measure, seconds) for kind in (*kinds, *twins, silent)]
        micros = iter(alternate(progress, rounds, *turns, *alone))
    ours, others, silent_us = ([next(micros) for _ in group] for group in (kinds, twins, (silent,)))
    return _figures(kinds, ours, others, silent_us[0], micros)


def _figures(
    kinds: list[Kind],
    ours: list[list[float]],
    others: list[list[float]],
    silent: list[float],
    alone: Iterator[list[float]],
) -> list[Figure]:
    figures = []
    for kind, used, other in zip(kinds, ours, others, strict=True):
        goal = None if kind.goal is None else Goal("at most", kind.goal)
        what = f"processor time in the gRPC worker of one {kind.what}"
        figures.append(Figure("worker", what, "µs", used, other, _EMPTY, goal))
        if kind.alone:
            figures.append(Figure("worker", what, "µs", used, next(alone), "VW parse + predict"))
    what = "the same of an empty function without the worker's lines of each call"
    return [*figures, Figure("worker", what, "µs", silent, others[0], _EMPTY)]


def _kinds(storage: Storage, ending: ExitStack) -> list[Kind]:
    folder = Path(ending.enter_context(tempfile.TemporaryDirectory(prefix="rankloop-bench-")))
    loop, slots_loop = servers.train_loop(storage), storage.loop()
    model, slots_model = str(servers.model_file(loop, str(folder))), str(folder / "slots.vw")
    sides.run(multislot_cpu.publish, slots_loop, path=slots_model)
    host, slots_host = (start_app(ending, settings) for settings in (loop, slots_loop))
    ranks = [
        replace(
            rank_kind(host, actions),
            alone=partial(sides.run, rank_cpu.predict, loop, actions=actions, model=model),
            goal=goal,
        )
        for actions, goal in GOALS.items()
    ]
    reward = Kind("Reward", host, "reward_v1_0", "personalizer/v1.0/events/EVENT-ID/reward", (b'{"value":1.0}',), 204)
    slots = _slots_kind(slots_host, partial(sides.run, multislot_cpu.predict, slots_loop, model=slots_model))
    return [*ranks, reward, slots]


def rank_kind(host: Host, actions: int) -> Kind:
    """Ranks whose contexts differ, and whose actions are always the same."""
    bodies = _pack(examples.body(actions, variant, new=0) for variant in range(examples.VARIANTS))
    what = f"Rank, {actions} actions × 10 features that repeat"
    return Kind(what, host, "rank_v1_0", examples.PATH.strip("/"), bodies)


def _slots_kind(host: Host, alone: Callable[[], float]) -> Kind:
    actions, slots = multislot_cpu.ACTIONS, multislot_cpu.SLOTS
    bodies = _pack(examples.slots_body(actions, slots, variant) for variant in range(examples.VARIANTS))
    what = f"multi-slot Rank, {slots} slots × {actions} actions × 10 features"
    return Kind(what, host, _SLOTS_FUNCTION, examples.SLOTS_PATH.strip("/"), bodies, alone=alone)


def _pack(bodies: Iterator[dict[str, Any]]) -> tuple[bytes, ...]:
    return tuple(json.dumps({**body, "eventId": _EVENT_ID.decode()}).encode() for body in bodies)


def start_app(ending: ExitStack, settings: Mapping[str, str]) -> Host:
    """Start a worker with the product, which ends with a stack."""
    host = ending.enter_context(start_worker(settings))
    host.load(ROOT)
    return host


def _start_empty(ending: ExitStack, kind: Kind, **settings: str) -> Host:
    """Start a worker with the empty app, whose answers are as long as those to a kind of calls."""
    answer = kind.host.call(next(kind._calls())).return_value.http.body.bytes
    host = ending.enter_context(start_worker({**BYTECODE, "ANSWER_BYTES": str(len(answer)), **settings}))
    host.load(EMPTY_APP)
    return host
