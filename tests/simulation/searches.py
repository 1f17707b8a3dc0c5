"""A worker that carries out the searches of automatic optimization, as messages ask for them."""

from concurrent.futures import Future
from typing import Final

from shared.storage.paths import EVALUATION_QUEUE
from shared.storage_errors import StorageUnavailable
from tests.simulation import given_models
from tests.simulation.faults import Died
from tests.simulation.outcome import Outcome
from tests.simulation.storage import Message, Refused
from tests.simulation.virtual_time import SECOND

_PAUSE_US: Final = 7 * SECOND
_HIDDEN_SECONDS: Final = 45
"""After this time a message comes again, if nobody has come to an end with it."""


def begin(outcome: Outcome, seed: int) -> None:
    """Let a worker look for messages from now on, until all is over."""
    _Worker(outcome, seed).go_on()


class _Worker:
    """Takes messages, each in a process of its own."""

    def __init__(self, outcome: Outcome, seed: int) -> None:
        self._outcome = outcome
        self._queues = outcome.world.storage.queues
        self._seed = seed
        self._number = 0

    def go_on(self) -> None:
        """Take a message if there is one, and then again after a pause."""
        if self._outcome.is_over:
            return
        if self._queues.has_visible(EVALUATION_QUEUE):
            for message in self._queues.receive(EVALUATION_QUEUE, 1, _HIDDEN_SECONDS):
                self._work(message)
        clock = self._outcome.world.clock
        clock.call_at(clock.now_us + _PAUSE_US, self.go_on)

    def _work(self, message: Message) -> None:
        self._number += 1
        process, receipt = self._outcome.world.process(f"worker {self._number}"), message.receipt
        future = process.begin(given_models.search, self._outcome.acknowledged, message.text, self._seed)
        future.add_done_callback(lambda ended: self._end(ended, message.id, receipt))

    def _end(self, ended: "Future[None]", message_id: str, receipt: str) -> None:
        trouble = ended.exception()
        if trouble is None:
            try:
                self._queues.delete(EVALUATION_QUEUE, message_id, receipt)
            except Refused:
                return  # it was received again meanwhile
        elif not isinstance(trouble, Died | StorageUnavailable):
            raise trouble
