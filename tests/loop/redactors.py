"""Calls of a redaction: in this process, or in processes of their own, which can be killed at any moment."""

import logging
from copy import replace
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from export_fn import redaction_call, redaction_preview
from shared import settings
from shared.log.redaction import Target
from shared.log.redaction_forms import Redaction, RedactionPreview
from shared.times import from_iso
from tests.loop import past
from tests.loop.trainers import PAST, Trainer
from tests.processes import pipe, process

ALWAYS = (0, from_iso("9999-12-31"))
_PATIENT_SECONDS = 120.0


def recently() -> tuple[int, int]:
    """From when until when: some hours, for a call asks for the rows of each hour of its range by itself."""
    return past.minutes_ago(5 * 60), past.minutes_ago(-60)


class Redactor(Trainer):
    """One call of a redaction in a process of its own."""

    def __init__(self, storage: str, log_file: Path, target: Target) -> None:
        """Take the connection string of its storage, and what to redact."""
        self.log_file = log_file
        self._answer, sender = pipe(duplex=False)
        self._process = process(log_file, storage, _redact, target, sender)

    def wait_for_answer(self) -> Redaction:
        """Wait for its end; gives its answer."""
        self.succeed()
        answer: Redaction = self._answer.recv()
        return answer


def redact(
    storage: str, target: Target, range_us: tuple[int, int] = ALWAYS, seconds: float = _PATIENT_SECONDS
) -> Redaction:
    """One call from beginning to end, in this process; `seconds` is how long it may take."""
    changed = replace(settings.read({"AzureWebJobsStorage": storage}), **PAST)
    with settings.use(changed), pytest.MonkeyPatch.context() as patch:
        patch.setattr(redaction_call, "_SECONDS", seconds)
        return redaction_call.redact(target, *range_us)


def preview(
    storage: str, target: Target, range_us: tuple[int, int] = ALWAYS, seconds: float = _PATIENT_SECONDS
) -> RedactionPreview:
    """One call of a preview, as `redact`."""
    changed = replace(settings.read({"AzureWebJobsStorage": storage}), **PAST)
    with settings.use(changed), pytest.MonkeyPatch.context() as patch:
        patch.setattr(redaction_preview, "_SECONDS", seconds)
        return redaction_preview.preview(target, *range_us)


def _redact(target: Target, sender: Connection) -> None:
    logging.basicConfig(level=logging.INFO, format="%(process)d %(relativeCreated)d %(name)s %(message)s")
    logging.getLogger("azure").setLevel(logging.WARNING)
    redaction_call._SECONDS = _PATIENT_SECONDS
    with settings.use(replace(settings.settings(), **PAST)):
        sender.send(redaction_call.redact(target, *recently()))
