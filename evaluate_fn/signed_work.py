"""The work of a message, with a sign of life from its first moment: before what takes long to import is there."""

import logging
from threading import Event

from shared.evaluation import evaluation_queue, work_sign_store
from shared.storage.paths import in_loop

_log = logging.getLogger(__name__)


def take(text: str, message: str, tries: int, stop: Event) -> None:
    """Do the work of a message, as `stages.take`, unless another worker is at it: if that dies, the trainer sees it.

    Args:
        message: The id that the queue gave to the message.
    """
    work = evaluation_queue.read(text)
    with in_loop(work.loop):
        sign = work_sign_store.begin(work, message, stop)
        if sign is None:
            _log.info("another worker does the work of a message that came once more")
            return
        if sign.deaths:
            _log.warning("work begins again, whose worker gave no sign of life for a minute: %s", text)
        try:
            from evaluate_fn import stages

            pause_seconds = stages.take(text, tries, stop, sign.deaths)
        finally:
            sign.end()
        if pause_seconds is not None:  # only now: a worker leaves a message alone while there is a sign of its work
            evaluation_queue.send([work], pause_seconds)
