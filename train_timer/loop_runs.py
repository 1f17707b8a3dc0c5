"""Runs of the trainer for all loops: for `default` at once, for others by messages, which any instance takes."""

import json
import logging
from threading import Event

from shared.configuration import configuration_store
from shared.errors import UnknownLoop
from shared.evaluation import work_sign_store
from shared.loops import loop_list_store
from shared.loops.loop_list_store import RESTED_AFTER, Listing, LoopEntry
from shared.loops.per_loop import PerLoop
from shared.schedules import longest_pause_us
from shared.settings import settings
from shared.storage import clock
from shared.storage.paths import DEFAULT, TRAINING_QUEUE, check_name, in_loop
from shared.storage.repetition import Repetition
from shared.storage.this_storage import queues
from shared.storage_errors import StorageUnavailable
from shared.times import DAY, HOUR, MINUTE, SECOND
from train_timer import loop_deletion
from train_timer.run import Trainings

_MOST_LOOPS = 8
"""So many loops' reads and paces a process remembers from one run to the next."""
_SLACK_US = MINUTE
"""For so long after the next run a message stays; a loop that waits for a free instance gets another one by then."""
_SURVEY_SECONDS = 60.0
"""Between two surveys in a run that takes longer."""

_log = logging.getLogger(__name__)


class LoopRuns:
    """The runs of the trainer in one process."""

    def __init__(self) -> None:
        self._trainings = PerLoop(Trainings, _MOST_LOOPS)
        self._has_others = False

    def run_all(self, stop: Event) -> None:
        """Survey all loops, now and every minute until the end, and run for the loop `default`."""
        self.survey()
        surveys = Repetition(_SURVEY_SECONDS, self.survey)
        try:
            with in_loop(DEFAULT):
                self._trainings.here().run(stop)
        finally:
            surveys.end()

    def survey(self) -> None:
        """Send a message for each loop that wants the trainer, and for work on evaluations whose worker has died.

        No error is raised: the next survey looks again, and the loop `default` is looked at meanwhile.
        """
        try:
            listing = self._read_listing()
            self._send_messages(listing.loops)
            work_sign_store.send_lost(listing.work)
        except StorageUnavailable as trouble:
            _log.error("only the loop default is looked at, the next run looks at the others too: %s", trouble)
        except Exception:
            _log.exception("only the loop default is looked at, the next run looks at the others too")

    def take(self, text: str, stop: Event) -> None:
        """Run for the loop of a message, and let the loop rest if it has nothing to do; or delete what it has left.

        No error is raised: the message of the next survey begins another run.
        """
        try:
            entry = _read(text)
            with in_loop(entry.name):
                if entry.is_deleted:
                    loop_deletion.go_on(entry.name)
                else:
                    self._run(entry, stop)
        except UnknownLoop:
            _log.info("the loop of a message was deleted meanwhile")
        except StorageUnavailable as trouble:
            _log.error("a loop's run ends here, the next one goes on: %s", trouble)
        except Exception:
            _log.exception("a loop's run has failed, the next one goes on")

    def _read_listing(self) -> Listing:
        if not self._has_others and not loop_list_store.is_announced():
            return Listing([], [])
        listing = loop_list_store.read_listing()
        self._has_others = bool(listing.loops)
        if not listing.loops and not listing.work:
            loop_list_store.withdraw()
        return listing

    def _send_messages(self, entries: list[LoopEntry]) -> None:
        if not entries:
            return
        now_us = clock.now_us()
        busy = [entry for entry in entries if entry.is_deleted or entry.visit_us <= now_us]
        if busy:
            messages = [_write(entry) for entry in sorted(busy, key=lambda entry: entry.marked_us)]
            life_us = longest_pause_us(settings().train_schedule) + _SLACK_US
            queues().send(TRAINING_QUEUE, messages, seconds_to_live=life_us // SECOND)

    def _run(self, entry: LoopEntry, stop: Event) -> None:
        service = configuration_store.read_configuration().service
        done_up_to_us = self._trainings.here().run(stop)
        if done_up_to_us is not None and done_up_to_us > entry.marked_us + RESTED_AFTER:
            pause_us = HOUR if service.is_auto_optimization_enabled else DAY
            loop_list_store.rest(entry, clock.now_us() + pause_us)


def _write(entry: LoopEntry) -> str:
    return json.dumps(entry._asdict())


def _read(text: str) -> LoopEntry:
    entry = LoopEntry(**json.loads(text))
    check_name(entry.name)
    return entry
