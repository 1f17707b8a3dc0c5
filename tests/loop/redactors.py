"""Calls of a redaction in processes of their own, which can be killed at any moment."""

import logging
from collections.abc import Mapping
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from shared import settings
from shared.log.redaction import Target
from shared.log.redaction_forms import Redaction
from shared.times import from_iso
from tests.loop.trainers import PAST, Trainer
from tests.processes import pipe, process

ALWAYS = (0, from_iso("9999-12-31"))


class Redactor(Trainer):
    """One call of a redaction in a process of its own."""

    def __init__(
        self, storage: str, log_file: Path, target: Target, range_us: tuple[int, int] = ALWAYS, seconds: float = 120
    ) -> None:
        """Take the connection string of its storage, what to redact, and how long a call may take."""
        self.log_file = log_file
        self._answer, sender = pipe(duplex=False)
        self._process = process(log_file, storage, _redact, target, range_us, seconds, sender)

    def wait_for_answer(self) -> Redaction:
        """Wait for its end; gives its answer."""
        self.succeed()
        answer: Redaction = self._answer.recv()
        return answer


def redact(storage: str, log_file: Path, target: Target, **more: Any) -> Redaction:
    """One call from beginning to end."""
    with Redactor(storage, log_file, target, **more) as redactor:
        return redactor.wait_for_answer()


def _redact(target: Target, range_us: tuple[int, int], seconds: float, sender: Connection) -> None:
    changed: Mapping[str, Any] = PAST
    logging.basicConfig(level=logging.INFO, format="%(process)d %(relativeCreated)d %(name)s %(message)s")
    logging.getLogger("azure").setLevel(logging.WARNING)
    from export_fn import redaction_call

    redaction_call._SECONDS = seconds
    with settings.use(replace(settings.settings(), **changed)):
        sender.send(redaction_call.redact(target, *range_us))
