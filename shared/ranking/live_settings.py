"""The configuration and the published model of a loop, held in memory and refreshed in the background."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from shared.configuration.configuration import Configuration
from shared.configuration.exploration import Exploration, TrialExploration
from shared.configuration.service_configuration import ServiceConfiguration
from shared.errors import LoopError, UnknownLoop
from shared.models.published import Published
from shared.storage import json_documents
from shared.storage.interface import Blob, Connection
from shared.storage.paths import DEFAULT, this_loop
from shared.storage.storage_answers import BlobMissing
from shared.storage_errors import StorageUnavailable

PERIOD: Final = 2.0
_OLDEST_IN_PERIODS: Final = 2.5
_FIRST_PATIENCE: Final = 10.0
_PAUSE: Final = 0.2
"""Seconds between two refreshes at least, however many callers ask for what is newest."""
_UNUSED_SECONDS: Final = 300.0
"""After this time without a call nothing is refreshed until the next one, which refreshes first."""

_log = logging.getLogger(__name__)


class CurrentSettings(NamedTuple):
    """The configuration and the published model as one refresh read them.

    Attributes:
        exploration: That of the configuration, which each Rank needs.
        trial_exploration: That of the configuration while a challenger is on trial; None without one.
    """

    configuration: Configuration
    published: Published
    exploration: Exploration
    trial_exploration: TrialExploration | None = None

    @classmethod
    def of(cls, configuration: Configuration, published: Published) -> "CurrentSettings":
        """The settings that both documents make."""
        trial = published.trial
        goes_on = trial is not None and trial.revision == configuration.trial_revision
        on_trial = configuration.trial_exploration if goes_on else None
        return cls(configuration, published, configuration.exploration, on_trial)


class LiveSettings:
    """Reads the configuration and the published model again every period, for as long as they are used.

    Attributes:
        last_error: Why the last refresh failed; None if it succeeded.
        refreshed_at: When the last successful refresh began, in seconds since 1970; None before the first.
    """

    def __init__(
        self,
        connection: Connection,
        first_configuration: Callable[[], Configuration],
        clock: Callable[[], float] = time.time,
        period: float = PERIOD,
    ) -> None:
        """Prepare to read.

        Args:
            first_configuration: Makes the configuration of a new loop.
            clock: Seconds since 1970.
            period: Seconds between two refreshes.
        """
        self.last_error: str | None = None
        self.refreshed_at: float | None = None
        self._connection = connection
        self._first_configuration = first_configuration
        self._clock = clock
        self._period = period
        self._configuration: tuple[Configuration, str] | None = None
        self._published: tuple[Published, str] | None = None
        self._current: CurrentSettings | None = None
        self._is_gone = False
        self._used_at = 0.0
        self._tried: tuple[float, float] | None = None
        self._followers: list[Callable[[Published], Awaitable[None]]] = []
        self._attempt: asyncio.Task[None] | None = None
        self._rounds: asyncio.Task[None] | None = None

    def follow(self, follower: Callable[[Published], Awaitable[None]]) -> None:
        """Call a follower after each successful refresh; the next refresh waits for the follower."""
        self._followers.append(follower)

    async def current(self) -> CurrentSettings:
        """The current settings, at most two and a half periods old, or older if storage does not answer.

        An instance that slept refreshes first, once; after that no reader waits while storage is away.

        Raises:
            StorageUnavailable: Storage does not answer, and no earlier refresh succeeded.
            UnknownLoop: There is no such loop.
        """
        self._used_at = time.monotonic()
        self._start_rounds()
        if self._age() > self._period * _OLDEST_IN_PERIODS:
            await asyncio.wait({self._start_attempt()}, timeout=self._patience())
        if self._is_gone:
            raise UnknownLoop
        if self._current is None:
            raise StorageUnavailable(f"the configuration cannot be read: {self.last_error or 'no answer in time'}", 2)
        return self._current

    async def newest(self) -> CurrentSettings:
        """The settings as storage has them after this call has begun; for whoever misses something in `current`.

        Raises:
            StorageUnavailable: Storage does not answer.
            UnknownLoop: There is no such loop.
        """
        called_at = time.monotonic()
        while self._tried is None or self._tried[0] < called_at:
            await asyncio.sleep((self._tried[0] if self._tried else called_at) + _PAUSE - called_at)
            await asyncio.wait({self._start_attempt()})
        current = await self.current()
        if self.last_error is not None:
            raise StorageUnavailable(f"the configuration cannot be read: {self.last_error}", 2)
        return current

    @property
    def exploration(self) -> Exploration:
        """The exploration of the current settings; that of a loop without settings before the first refresh."""
        if self._current is None:
            return Exploration(ServiceConfiguration().exploration_percentage)
        return self._current.exploration

    def stop(self) -> None:
        """Stop refreshing after a refresh that is going on; the next use starts again."""
        self._used_at = float("-inf")

    async def close(self) -> None:
        """Stop refreshing; the next use starts again."""
        for task in (self._rounds, self._attempt):
            if task is not None and not task.done() and task.get_loop() is asyncio.get_running_loop():
                task.cancel()
                await asyncio.wait({task})

    def _age(self) -> float:
        """Seconds since the last finished attempt began, the sleep of an instance included."""
        if self._tried is None:
            return float("inf")
        monotonic, wall = self._tried
        return max(time.monotonic() - monotonic, self._clock() - wall)

    def _start_rounds(self) -> None:
        loop = asyncio.get_running_loop()
        if self._rounds is None or self._rounds.done() or self._rounds.get_loop() is not loop:
            self._rounds = loop.create_task(self._refresh_while_used())

    async def _refresh_while_used(self) -> None:
        while time.monotonic() - self._used_at < _UNUSED_SECONDS:
            began = time.monotonic()
            await asyncio.wait({self._start_attempt()})
            await asyncio.sleep(max(0.1, began + self._period - time.monotonic()))

    def _start_attempt(self) -> asyncio.Task[None]:
        """Start an attempt on this event loop, unless one is running; gives the running attempt."""
        loop = asyncio.get_running_loop()
        if self._attempt is None or self._attempt.done() or self._attempt.get_loop() is not loop:
            self._attempt = loop.create_task(self._refresh())
        return self._attempt

    async def _refresh(self) -> None:
        """Read both documents; after a failure the earlier documents stay, and the first failure is logged."""
        began = (time.monotonic(), self._clock())
        try:
            async with asyncio.timeout(self._patience()):
                configuration, published = await self._read_configuration(), await self._read_published()
            self._configuration, self._published = configuration, published
            self._current = CurrentSettings.of(configuration[0], published[0])
            self.last_error, self.refreshed_at = None, began[1]
            for follower in self._followers:
                await follower(published[0])
            self._is_gone = False
        except UnknownLoop:
            self._current, self._is_gone = None, True
        except Exception as error:
            self._remember(error)
        finally:
            self._tried = began

    async def _read_configuration(self) -> tuple[Configuration, str]:
        try:
            blob = await self._read(this_loop().configuration, self._configuration)
        except BlobMissing:
            if this_loop().name != DEFAULT:
                raise UnknownLoop from None
            first = json_documents.to_json(self._first_configuration())
            await self._connection.create_blob(this_loop().configuration, first, "application/json")
            blob = await self._read(this_loop().configuration, None)
        return _newer(blob, lambda text: json_documents.read_at_start(Configuration, text), self._configuration)

    async def _read_published(self) -> tuple[Published, str]:
        try:
            blob = await self._read(this_loop().published, self._published)
        except BlobMissing:
            return Published(), ""
        return _newer(blob, lambda text: json_documents.read_at_start(Published, text), self._published)

    async def _read(self, path: str, earlier: tuple[object, str] | None) -> Blob | None:
        return await self._connection.read_blob(path, earlier[1] if earlier else None)

    def _patience(self) -> float:
        return self._period if self._current else _FIRST_PATIENCE

    def _remember(self, error: Exception) -> None:
        expected = isinstance(error, LoopError | BlobMissing | TimeoutError)
        text = str(error) if expected else type(error).__name__  # `/ready` tells it to everyone
        reason = text or "no answer in time"
        if not expected or self.last_error is None:
            _log.warning("Configuration and model were not refreshed: %s", reason, exc_info=None if expected else error)
        self.last_error = reason


def _newer[Document](
    blob: Blob | None, read: Callable[[bytes], Document], earlier: tuple[Document, str] | None
) -> tuple[Document, str]:
    """A document and its ETag: read from the blob, or the earlier document if the blob did not change."""
    if blob is None and earlier is not None:
        return earlier
    if blob is None:
        raise StorageUnavailable("storage gave no document")
    return read(blob.data), blob.etag
