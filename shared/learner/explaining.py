"""The thread in which explanations are made, which read weight after weight."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from shared.learner.model import Model
from shared.web.errors import ModelBusy
from shared.web.threads import short_turns

MOST_WAITING = 16
"""The explanations that one process takes on."""


class ExplainingThread:
    """Makes one explanation after another, each up to a quarter of a second, so that no other call waits for them.

    The event loop goes on ranking with the same model: each of Vowpal Wabbit's calls stops all threads until it is
    over, between them it keeps nothing but the examples of each caller, and weights are only read.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "explaining")
        self._waiting = 0

    async def do[Answer](self, model: Model, explain: Callable[[], Answer]) -> Answer:
        """Explain something by a model, whose memory is kept until that has come to its end.

        Raises:
            ModelBusy: Too many others wait.
        """
        if self._waiting >= MOST_WAITING:
            raise ModelBusy
        self._waiting += 1
        model.keep()
        work = asyncio.get_running_loop().run_in_executor(self._thread, explain)
        work.add_done_callback(lambda _: self._end(model))
        with short_turns():
            return await asyncio.shield(work)

    def _end(self, model: Model) -> None:
        self._waiting -= 1
        model.release()
