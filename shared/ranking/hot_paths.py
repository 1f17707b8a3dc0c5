"""What Rank and Reward use of storage, loop by loop: composed once in a process, and opened with its first use."""

from collections.abc import Callable
from functools import cached_property
from typing import Final

from shared.access.key_check import KeyCheck, TooManyChecks
from shared.access.loop_keys import LoopKey
from shared.configuration.exploration import Exploration
from shared.errors import UnknownLoop
from shared.intake.intake import ATTEMPTS
from shared.loops.loop_directory import LoopDirectory
from shared.loops.per_loop import PerLoop
from shared.models.published import ModelReference
from shared.ranking.hot_path import HotPath, SizedModel
from shared.ranking.live_settings import CurrentSettings
from shared.settings import settings
from shared.storage.interface import Clock, Connection
from shared.storage.paths import this_loop
from shared.storage.this_storage import this_storage
from shared.times import SECOND
from shared.web.errors import ExpiredKey, TooManyActions, TooManyCalls

MOST_LOOPS: Final = 128
"""The loops whose model, settings and connections a process keeps: those that were called last."""


MOST_BYTES: Final = 512 * 1024 * 1024
"""How much memory their models may take together, when another loop is called for the first time."""


class HotPaths[Model: SizedModel]:
    """The hot paths of the loops that a process serves."""

    def __init__(self, load: Callable[[bytes, ModelReference, Exploration], Model]) -> None:
        """Take what makes a model of a blob's bytes, of what was published of it, and of a share of exploration."""
        self._load = load
        self._loops = PerLoop(
            self._make,
            MOST_LOOPS,
            size_bytes=lambda hot_path: hot_path.model_bytes,
            most_bytes=MOST_BYTES,
            drop=lambda hot_path: hot_path.live_settings.stop(),
        )
        self._directory = LoopDirectory()
        self._keys = KeyCheck()

    @cached_property
    def connection(self) -> Connection:
        """The connection to storage, which all loops share."""
        return this_storage().connect(settings().write_deadline_us / SECOND / ATTEMPTS)

    def here(self) -> HotPath[Model]:
        """The hot path of this loop, which there is."""
        return self._loops.here()

    async def check_loop(self) -> None:
        """Check that there is this loop.

        Raises:
            UnknownLoop: There is none.
            StorageUnavailable: Storage does not answer, and nothing is known of the loop.
        """
        await self._directory.check()
        try:
            await self.here().live_settings.current()
        except UnknownLoop:
            self._directory.forget()
            raise

    async def find_key(self, text: str) -> LoopKey | None:
        """Find the key of this loop that a text is; None if it is none.

        Raises:
            UnknownLoop, StorageUnavailable: As `check_loop`.
            ExpiredKey: The key's time is over.
            TooManyCalls: Too many keys that were never seen before wait for their check.
        """
        loop = this_loop().name
        try:
            await self._directory.check(lambda: not self._keys.was_refused(text, loop))
        except UnknownLoop:
            self._keys.note_refusal(text, loop)
            raise
        live_settings = self.here().live_settings
        key = await self._search_key(text, await live_settings.current())
        if key is None and not self._keys.was_refused(text, loop):
            key = await self._search_key(text, await live_settings.newest())
        if key is None:
            self._keys.note_refusal(text, loop)
        elif key.expires_us is not None and key.is_over(self._clock.now_us()):
            raise ExpiredKey
        return key

    async def _search_key(self, text: str, current: CurrentSettings) -> LoopKey | None:
        try:
            return await self._keys.find(text, current.configuration.keys)
        except TooManyChecks:
            raise TooManyCalls("Too many keys wait for their check; try again.", 1) from None

    def note_refusal(self, error: Exception) -> None:
        """Count a Rank that was refused since it had too many actions."""
        if type(error) is TooManyActions:
            self.here().refused_ranks.count()

    async def close(self) -> None:
        """Stop refreshing, and close the connections."""
        for hot_path in self._loops.all():
            await hot_path.close()
        await self.connection.close()

    @property
    def _clock(self) -> Clock:
        return self.connection.clock

    def _make(self) -> HotPath[Model]:
        return HotPath(lambda: self.connection, self._load)
