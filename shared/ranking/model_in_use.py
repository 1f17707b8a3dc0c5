"""The model that this instance ranks with: the published one, once it is loaded."""

import asyncio
import hashlib
import logging
from collections.abc import Callable
from typing import Final, NamedTuple

from shared.models.published import ModelReference, Published
from shared.storage.interface import Connection
from shared.storage_errors import StorageUnavailable

_FETCH_SECONDS: Final = 30
_SWAP_SECONDS: Final = 1
_FIRST_SECONDS: Final = 10

_log = logging.getLogger(__name__)


class LoadedModel[Model](NamedTuple):
    """A loaded model and its published reference."""

    model: Model
    reference: ModelReference


class RejectedModel(NamedTuple):
    """A published model that this instance does not use.

    Attributes:
        reason: In plain words.
        final: Whether another try is pointless, since the blob of a model never changes.
    """

    model_id: str
    reason: str
    final: bool


class ModelInUse[Model]:
    """Holds a loaded model until the next published model is loaded and its SHA-256 is checked.

    Attributes:
        rejected: The published model that is not in use, and why; None if it is in use, or none is published.
    """

    def __init__(self, connection: Connection, load: Callable[[bytes, ModelReference], Model]) -> None:
        """Take the function that loads a model from bytes: called in the event loop's thread, may raise anything."""
        self.rejected: RejectedModel | None = None
        self._connection = connection
        self._load = load
        self._loaded: LoadedModel[Model] | None = None
        self._rejected_blobs: dict[str, RejectedModel] = {}
        self._running_change: asyncio.Task[None] | None = None

    @property
    def loaded(self) -> LoadedModel[Model] | None:
        """The loaded model, and what was published of it; None before the first model."""
        return self._loaded

    @property
    def reference(self) -> ModelReference | None:
        """The reference of the loaded model; None before the first model."""
        return self._loaded.reference if self._loaded else None

    async def current(self, published: Published) -> LoadedModel[Model] | None:
        """The model to rank with; None if no model is published, or no published model can be loaded.

        Raises:
            StorageUnavailable: A model is published, but this instance could not fetch it yet.
        """
        if published.model is None or self._loaded is not None:
            return self._loaded if published.model else None
        await asyncio.wait({self._start_change(published)}, timeout=_FIRST_SECONDS)
        if self._loaded is None and not (self.rejected and self.rejected.final):
            raise StorageUnavailable("the published model could not be fetched yet", 2)
        return self._loaded

    async def follow(self, published: Published) -> None:
        """Load the published model if it changed; waits a second at most, then loading goes on in the background."""
        if published.model is None:
            self._loaded = self.rejected = None
        elif self._loaded is None or self._loaded.reference != published.model:
            await asyncio.wait({self._start_change(published)}, timeout=_SWAP_SECONDS)
        else:
            self.rejected = None

    def _start_change(self, published: Published) -> asyncio.Task[None]:
        """Start the change of models on this event loop, unless one is running; gives the running change."""
        loop = asyncio.get_running_loop()
        if self._running_change is None or self._running_change.done() or self._running_change.get_loop() is not loop:
            self._running_change = loop.create_task(self._change(published))
        return self._running_change

    async def _change(self, published: Published) -> None:
        """Load the published model; an instance without a model falls back to the newest model that can be loaded."""
        newest_first = () if published.model is None else published.models
        for reference in newest_first[:1] if self._loaded else newest_first:
            rejected = self._rejected_blobs.get(reference.predictor_blob) or await self._load_reference(reference)
            if reference is published.model:
                self.rejected = rejected
            if rejected is None:
                return
            if rejected.final:
                self._rejected_blobs[reference.predictor_blob] = rejected

    async def _load_reference(self, reference: ModelReference) -> RejectedModel | None:
        """Fetch, check and load a model, and put it to use; gives the reason if that fails."""
        loaded = self._loaded
        if loaded is not None and loaded.reference.sha256 == reference.sha256:
            self._loaded = LoadedModel(loaded.model, reference)
            return None
        try:
            data = await self._fetch(reference)
            self._loaded = LoadedModel(self._load(data, reference), reference)
        except StorageUnavailable as error:
            return RejectedModel(reference.id, str(error), final=False)
        except Exception as error:
            _log.exception("Model %s is not used", reference.id)
            return RejectedModel(reference.id, f"{type(error).__name__}: {error}", final=True)
        return None

    async def _fetch(self, reference: ModelReference) -> bytes:
        blob = await self._connection.read_blob(reference.predictor_blob, timeout=_FETCH_SECONDS)
        data = blob.data if blob else b""
        digest = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
        if digest != reference.sha256:
            raise ValueError("its SHA-256 is not the published one")
        return data
