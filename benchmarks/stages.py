"""The stages of one Rank where they happen: the real function, called as the worker calls it, without HTTP before it.

Measured by themselves in a loop, stages would find their code and data in the processor's cache and look twice as fast.
"""

import asyncio
import importlib
import time
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final

import orjson

from benchmarks import examples
from benchmarks.storage import KEY

STEPS: Final = (
    ("read: parse, check, clean, write the document", "rank_fn.rank", "read_question"),
    ("model", "shared.learner.model", "Model.probabilities"),
    ("draw", "rank_fn.explorer", "decide"),
    ("record", "rank_fn.rank", "from_decision"),
    ("record", "rank_fn.recording", "pack"),
    ("hash of the request", "rank_fn.recording", "request_hash"),
    ("answer", "shared.ranking.rank_bodies", "Candidates.answer"),
)
"""What is timed: stage, module, and the function's name in there."""
_WARM, _CALLS, _AT_ONCE = 300, 1500, 16


def measure(actions: int, new: int = 0, calls: int = _CALLS) -> dict[str, float]:
    """Microseconds of processor time of each stage; the last one is all that the function does besides."""
    watches = _Watches()
    for stage, module, name in STEPS:
        watches.put(stage, importlib.import_module(module), name)
    total = asyncio.run(_call(actions, new, calls, watches))
    microseconds = {stage: 1e6 * seconds / calls for stage, seconds in watches.seconds.items()}
    return {
        **microseconds,
        "storage, frame, and the rest of the function": 1e6 * total / calls - sum(microseconds.values()),
    }


async def _call(actions: int, new: int, calls: int, watches: "_Watches") -> float:
    """Let clients call the function, each again as soon as it is answered; gives the process's seconds."""
    from azure.functions import HttpRequest

    from rank_fn import rank
    from shared.learner.explorer import Explorer
    from shared.ranking.hot_paths import HotPaths
    from shared.web.registry import Registry

    hot_paths = HotPaths(Explorer)
    function, numbers = Registry(hot_paths, [rank.functions]).operations[0].handler, iter(range(_WARM + calls))
    bodies = [
        orjson.dumps({**examples.body(actions, number, new), "eventId": "EVENT-ID"})
        for number in range(examples.VARIANTS)
    ]
    began = [0.0]

    async def client() -> None:
        for number in numbers:
            if number == _WARM:
                watches.seconds.clear()
                began[0] = time.process_time()
            body = bodies[number % len(bodies)].replace(b"EVENT-ID", b"stage-%d-%d" % (number, time.time_ns()))
            body = body.replace(examples.CALL.encode(), b"%08d" % number) if new else body
            headers = {"ocp-apim-subscription-key": KEY, "content-type": "application/json"}
            answer = await function(HttpRequest("POST", examples.PATH, body=body, headers=headers))
            if answer.status_code != 201:
                raise RuntimeError(f"a Rank was answered with {answer.status_code}")

    await asyncio.gather(*(client() for _ in range(_AT_ONCE)))
    used = time.process_time() - began[0]
    await hot_paths.close()
    return used


class _Watches:
    """Stop watches around functions."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def put(self, stage: str, owner: Any, name: str) -> None:
        """Take the processor time of every call of a function from now on."""
        *path, last = name.split(".")
        holder = attrgetter(".".join(path))(owner) if path else owner
        setattr(holder, last, self._time(stage, getattr(holder, last)))

    def _time(self, stage: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def measure_call(*given: Any, **named: Any) -> Any:
            began = time.thread_time()
            try:
                return function(*given, **named)
            finally:
                self.seconds[stage] = self.seconds.get(stage, 0.0) + time.thread_time() - began

        return measure_call
