"""The stages of one Rank, each by itself in a loop: microseconds of processor time."""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import orjson

from benchmarks import examples
from benchmarks.backlog import SHARDS
from shared.contract.rank import RankRequest
from shared.contract.record import pack, record
from shared.learner import features
from shared.learner.arguments import parse
from shared.learner.model import Model
from shared.loop.configuration import INITIAL_ARGUMENTS
from shared.loop.decision import decide
from shared.loop.identifiers import request_hash
from shared.loop.rows import Event
from shared.storage import hot_path

_TIMES, _WARM, _WRITES, _AT_ONCE = 1024, 128, 2048, 16


def measured(actions: int, model: str) -> dict[str, float]:
    """Take the stages one after the other; each works on what the one before it gave."""
    stages = _Stages()
    bodies = [orjson.dumps(examples.body(actions, variant)) for variant in range(examples.VARIANTS)]
    requests = stages.run("parse and check", RankRequest.read, bodies)
    documents = stages.run("gate for features", _document, requests)
    loaded = Model.load(Path(model).read_bytes(), parse(INITIAL_ARGUMENTS), 0.2)
    chances = stages.run("model", lambda document: loaded.probabilities(document, actions), documents)
    numbered = [(f"event-{number}", one) for number, one in enumerate(chances)]
    decisions = stages.run("draw", lambda one: decide(one[1], "model", one[0], "default"), numbered)
    pairs = list(zip(documents, decisions, strict=True))
    payloads = stages.run("record", lambda one: pack(record(one[0], one[1], deferred=False)), pairs)
    stages.run("hash of the request", lambda document: request_hash(document, b""), documents)
    answers = list(zip(requests, decisions, strict=True))
    stages.run("answer", lambda one: one[0].candidates().answer("event", one[1]), answers)
    stages.micros["write to storage"] = asyncio.run(_write(payloads))
    return stages.micros


class _Stages:
    """Stop watches; what is measured is done once for every example before."""

    def __init__(self) -> None:
        self.micros: dict[str, float] = {}

    def run[Given, Made](self, name: str, work: Callable[[Given], Made], given: Sequence[Given]) -> list[Made]:
        made = [work(one) for one in given]
        began = time.process_time()
        for number in range(_TIMES):
            work(given[number % len(given)])
        self.micros[name] = 1e6 * (time.process_time() - began) / _TIMES
        return made


def _document(request: RankRequest) -> bytes:
    actions = [(action["id"], action["features"]) for action in request.actions]
    return features.document(request.context_features or [], actions)


async def _write(payloads: list[bytes]) -> float:
    """Appends by clients that wait for each other as those of a load do."""
    intake = hot_path.intake()
    numbers = iter(range(_WARM + _WRITES))
    began = [0.0]

    async def client() -> None:
        for number in numbers:
            if number == _WARM:
                began[0] = time.process_time()
            event = Event(
                f"stage-{number}-{time.time_ns()}", "A" * 22, intake.arrival(), payloads[number % len(payloads)]
            )
            await intake.append_event(event, SHARDS)

    await asyncio.gather(*(client() for _ in range(_AT_ONCE)))
    used = time.process_time() - began[0]
    await hot_path.rest().close()
    return 1e6 * used / _WRITES
