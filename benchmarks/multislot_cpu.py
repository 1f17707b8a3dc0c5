"""`multislot-cpu`: processor time of one multi-slot Rank, against Vowpal Wabbit's own for the same example.

Both sides are those of `rank-cpu`: the host's whole process with 16 clients on open connections, and `parse`,
`predict` and `finish_example` of the same documents with the same model, alone in a process, in turns.
"""

import json
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks import examples, servers, sides
from benchmarks.figures import Figure, Goal
from benchmarks.load import Load, send
from benchmarks.machine import cpu_seconds
from benchmarks.progress import Progress
from benchmarks.rounds import alternate
from benchmarks.servers import Server
from benchmarks.storage import start_storage
from localhost.failures import StartFailure

SLOTS, ACTIONS, ROUNDS, SECONDS, PREDICTIONS, EVENTS = 5, 20, 4, 2.0, 1500, 1000
ARGUMENTS = "--ccb_explore_adf --epsilon 0.2 --cb_type mtr -q ::"


def measure(progress: Progress, rounds: int = ROUNDS, seconds: float = SECONDS) -> list[Figure]:
    """Measure microseconds of both sides."""
    with start_storage() as storage, tempfile.TemporaryDirectory(prefix="rankloop-bench-") as folder:
        progress.show("training a model")
        loop, model = storage.loop(), str(Path(folder, "model.vw"))
        sides.run(publish, loop, path=model)
        with servers.product(loop, slots=SLOTS) as host:
            ours, alone = alternate(
                progress,
                rounds,
                lambda: _rank(host, seconds),
                lambda: float(sides.run(predict, loop, model=model)),
            )
    what = f"processor time of one multi-slot Rank, {SLOTS} slots × {ACTIONS} actions × 10 features"
    return [Figure("multislot-cpu", what, "µs", ours, alone, "VW parse + predict", Goal("at most", 4))]


_number = iter(range(1_000_000))


def _rank(host: Server, seconds: float) -> float:
    before = cpu_seconds(host.pid)
    load = Load(host.url, ACTIONS, f"slots-{next(_number)}-", seconds=seconds, slots=SLOTS)
    answered = send(load)
    return 1e6 * (cpu_seconds(host.pid) - before) / answered.count


def publish(path: str) -> None:
    """Make a loop a multi-slot one whose model has learned something; the model goes to a file, too."""
    from dataclasses import replace

    from shared.configuration import configuration_store
    from shared.configuration.configuration import LearningSettings
    from shared.models import model_store, published_store
    from shared.models.published import ModelReference

    _train(Path(path))
    configuration_store.change_configuration(
        lambda before: replace(before, learning=LearningSettings("slots", ARGUMENTS))
    )
    blob, sha256 = model_store.store(Path(path), position_us=1, revision=1)
    reference = ModelReference("model", blob, sha256, blob, ARGUMENTS, 1, 1, EVENTS, time.time_ns() // 1000)
    published_store.change_published(lambda before: replace(before, model=reference))


def _train(path: Path) -> None:
    from datetime import timedelta

    from shared.learner.arguments import parse
    from shared.learner.training import train

    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder, "log.json")
        log.write_text("".join(json.dumps(_line(number)) + "\n" for number in range(EVENTS)))
        words = parse(ARGUMENTS).with_epsilon(0.2)
        train(
            log,
            Path(folder, "state"),
            arguments=words,
            old_state=None,
            predictor=path,
            timeout=timedelta(seconds=120),
        )


def _line(number: int) -> dict[str, Any]:
    features = json.loads(examples.slots_document(ACTIONS, SLOTS, number % examples.VARIANTS, f"e{number}"))
    outcomes = [
        {
            "_label_cost": -examples.reward(place, number),
            "_id": f"slot-{place}",
            "_a": [*range(place, ACTIONS)],
            "_p": [1 / (ACTIONS - place)] * (ACTIONS - place),
        }
        for place in range(SLOTS)
    ]
    head = {"Timestamp": "2026-11-25T12:00:00.000000Z", "Version": "1", "EventId": f"e{number}"}
    return {**head, "c": features, "_outcomes": outcomes, "VWState": {"m": "N/A"}}


def predict(model: str) -> float:
    """Microseconds of processor time that Vowpal Wabbit takes for one document."""
    from vowpalwabbit import Workspace

    workspace = Workspace(arg_list=["-i", model, "-t", "--json", "--quiet"])
    documents = [
        examples.slots_document(ACTIONS, SLOTS, number, f"e{number}").decode() for number in range(examples.VARIANTS)
    ]
    began = 0.0
    for number in range(PREDICTIONS + 100):
        if number == 100:
            began = time.process_time()
        example = workspace.parse(documents[number % len(documents)])
        if len(workspace.predict(example)) != SLOTS:
            raise StartFailure("The model answers no slots.")
        workspace.finish_example(example)
    return 1e6 * (time.process_time() - began) / PREDICTIONS
