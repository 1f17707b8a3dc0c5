"""What an owner asks of a loop, in processes of their own: they see storage as another instance does."""

import random
import threading
from collections.abc import Callable
from copy import replace
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from shared.configuration.configuration import Configuration, LearningSettings, problem_type
from shared.configuration.service_configuration import LearningMode
from tests.faults.proxy import Request
from tests.loop.stored_loop import StoredLoop
from tests.loop.strikes import write
from tests.loop.trainers import Trainer
from tests.processes import process

CB = "--cb_explore_adf --epsilon 0.2 --cb_type ips -q ::"
CCB = "--ccb_explore_adf --epsilon 0.2 --cb_type mtr -q ::"


class Requester(Trainer):
    """Requests, one after the other, in a process of its own."""

    def __init__(self, storage: str, log_file: Path, *requests: Callable[[], object]) -> None:
        """Take the connection string of the storage, and the requests."""
        self.log_file = log_file
        self._process = process(log_file, storage, _ask, requests)


def _ask(requests: tuple[Callable[[], object], ...]) -> None:
    for request in requests:
        request()


def put_service(**service: Any) -> None:
    """Change the service configuration."""
    _change(lambda stored: stored.with_service(replace(stored.service, **service), stored.revision))


def put_policy(arguments: str) -> None:
    """Change the learning settings."""
    _change(lambda stored: stored.with_learning(LearningSettings("put", arguments), stored.revision))


def _change(change: Callable[[Configuration], Configuration]) -> None:
    from shared.configuration import configuration_store

    configuration_store.change_configuration(change)


def reset() -> None:
    """Forget the model."""
    from export_fn import imported_model

    imported_model.forget("a test")


def import_model(data: bytes) -> None:
    """Use a model from outside."""
    from export_fn import imported_model

    imported_model.import_model(data, "a test", signer=None)


def go_back(model_id: str, train_from: str) -> None:
    """Use an earlier model."""
    from export_fn import models

    models._publish(model_id, train_from, "a test")


SETTINGS = ("explore", "learn_otherwise", "fill_slots")
MODES = ("mode",)
REPLACEMENTS = ("reset", "import_model", "go_back", "go_back_to_end", "go_back_for_now")
"""Kinds of requests."""


@dataclass(slots=True)
class Owner:
    """Asks for something at some of a trainer's writes, before storage gets the write.

    Attributes:
        gaps: How many writes go by before each request.
        requests: Kind and content of each request, in order; of a replacement the model that it put.
        die: Kills the trainer, as happens after some requests.
        joined_us: Up to where rows were log when the last replacement was requested.
    """

    stored_loop: StoredLoop
    log_file: Path
    chance: random.Random
    kinds: list[str]
    gaps: list[int]
    requests: list[tuple[str, Any]] = field(default_factory=list)
    joined_us: int = 0
    die: Callable[[], object] = print
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __call__(self, request: Request) -> None:
        """Let a request to storage pass, perhaps after asking for something."""
        if not write()(request):
            return
        with self._lock:
            if not self.gaps:
                return
            self.gaps[0] -= 1
            if self.gaps[0] <= 0:
                self.gaps.pop(0)
                self.ask(self.kinds.pop(0))
                if self.chance.random() < 0.5:
                    self.die()

    def ask(self, kind: str) -> None:
        """Ask for something of a kind."""
        request, content = getattr(self, f"_{kind}")()
        if kind in REPLACEMENTS:
            self.joined_us = self.stored_loop.document("state.json")["joined_up_to_us"]
        with Requester(self.stored_loop.storage, self.log_file, request) as requester:
            requester.succeed()
        self.requests.append((kind, content))

    def _explore(self) -> tuple[Callable[[], object], Any]:
        exploration = round(self.chance.uniform(0.1, 0.5), 3)
        return partial(put_service, exploration_percentage=exploration), exploration

    def _mode(self) -> tuple[Callable[[], object], Any]:
        mode = self.chance.choice([*LearningMode])
        return partial(put_service, learning_mode=mode), mode

    def _learn_otherwise(self) -> tuple[Callable[[], object], Any]:
        arguments = f"{CB} --l1 0.00{self.chance.randrange(1, 9)}"
        return partial(put_policy, arguments), arguments

    def _fill_slots(self) -> tuple[Callable[[], object], Any]:
        return partial(put_policy, CCB), CCB

    def _reset(self) -> tuple[Callable[[], object], Any]:
        return reset, None

    def _import_model(self) -> tuple[Callable[[], object], Any]:
        model = self._fitting()
        data = (self.stored_loop.blob(model["predictor_blob"].removeprefix("loops/default/")) if model else None) or b""
        return (partial(import_model, data), model) if model else self._reset()

    def _go_back(self, train_from: str = "model") -> tuple[Callable[[], object], Any]:
        model = self._fitting()
        return (partial(go_back, model["id"], train_from), model) if model else self._reset()

    def _go_back_to_end(self) -> tuple[Callable[[], object], Any]:
        return self._go_back("end")

    def _go_back_for_now(self) -> tuple[Callable[[], object], Any]:
        return self._go_back("newest")

    def _fitting(self) -> dict[str, Any] | None:
        """A model that may be put by hand under the learning settings of now."""
        wanted = problem_type(self.stored_loop.document("configuration.json")["learning"]["arguments"])
        published = self.stored_loop.document("published.json")
        models = [model for model in (published["model"], *published["previous"]) if model]
        fitting = [model for model in models if problem_type(model["arguments"]) == wanted]
        return self.chance.choice(fitting) if fitting else None
