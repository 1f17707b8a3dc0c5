"""The model that this instance ranks with: it follows what is published, and stays until the next one is ready."""

import asyncio
import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from shared.models.published import ModelReference, Published
from shared.storage.rest import Rest
from shared.storage_errors import StorageUnavailable

_FETCH_SECONDS: Final = 30
_SWAP_SECONDS: Final = 1
_FIRST_SECONDS: Final = 10

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class LoadedModel[Model]:
    """A loaded model and what was published about it."""

    model: Model
    reference: ModelReference


@dataclass(frozen=True, slots=True)
class RejectedModel:
    """A published model that this instance does not use.

    Attributes:
        reason: In plain words.
        final: Whether another try is pointless, since what a model's path names never changes.
    """

    model_id: str
    reason: str
    final: bool


class ModelInUse[Model]:
    """Holds one loaded model; one that does not load, or whose SHA-256 is not the published one, never gets in.

    Attributes:
        rejected: The published model that is not in use, and why; None if it is in use, or there is none.
    """

    def __init__(self, rest: Rest, load: Callable[[bytes, ModelReference], Model]) -> None:
        """Take what makes a model of a blob's bytes; it is called in the event loop's thread and may raise anything."""
        self.rejected: RejectedModel | None = None
        self._rest = rest
        self._load = load
        self._served: LoadedModel[Model] | None = None
        self._refused: dict[str, RejectedModel] = {}
        self._swap: asyncio.Task[None] | None = None

    @property
    def reference(self) -> ModelReference | None:
        """What is loaded; None before the first model."""
        return self._served.reference if self._served else None

    async def current(self, published: Published) -> LoadedModel[Model] | None:
        """The model to rank with; None if none is published, or none of those published can be used.

        Raises:
            StorageUnavailable: There is one, but this instance could not get it yet.
        """
        if published.model is None or self._served is not None:
            return self._served if published.model else None
        await asyncio.wait({self._start_change(published)}, timeout=_FIRST_SECONDS)
        if self._served is None and not (self.rejected and self.rejected.final):
            raise StorageUnavailable("the published model could not be fetched yet", 2)
        return self._served

    async def follow(self, published: Published) -> None:
        """Get the published model if it is another one; waits a little for it, then lets it come in the background."""
        if published.model is None:
            self._served = self.rejected = None
        elif self._served is None or self._served.reference != published.model:
            await asyncio.wait({self._start_change(published)}, timeout=_SWAP_SECONDS)
        else:
            self.rejected = None

    def _start_change(self, published: Published) -> asyncio.Task[None]:
        """The change of models that is under way on this event loop, else a new one."""
        loop = asyncio.get_running_loop()
        if self._swap is None or self._swap.done() or self._swap.get_loop() is not loop:
            self._swap = loop.create_task(self._change(published))
        return self._swap

    async def _change(self, published: Published) -> None:
        """Take the published model in; an instance that has none falls back to the newest that can be used."""
        wanted = () if published.model is None else (published.model, *published.previous)
        for reference in wanted[:1] if self._served else wanted:
            rejected = self._refused.get(reference.predictor_blob) or await self._take_in(reference)
            if reference is published.model:
                self.rejected = rejected
            if rejected is None:
                return
            if rejected.final:
                self._refused[reference.predictor_blob] = rejected

    async def _take_in(self, reference: ModelReference) -> RejectedModel | None:
        """Fetch, check and load a model, and put it to use; the reason if that cannot be done."""
        served = self._served
        if served is not None and served.reference.sha256 == reference.sha256:
            self._served = LoadedModel(served.model, reference)
            return None
        try:
            data = await self._fetch(reference)
            self._served = LoadedModel(self._load(data, reference), reference)
        except StorageUnavailable as error:
            return RejectedModel(reference.id, str(error), final=False)
        except Exception as error:
            _log.exception("Model %s is not used", reference.id)
            return RejectedModel(reference.id, f"{type(error).__name__}: {error}", final=True)
        return None

    async def _fetch(self, reference: ModelReference) -> bytes:
        blob = await self._rest.read_blob(reference.predictor_blob, timeout=_FETCH_SECONDS)
        data = blob.data if blob else b""
        digest = await asyncio.to_thread(lambda: hashlib.sha256(data).hexdigest())
        if digest != reference.sha256:
            raise ValueError("its SHA-256 is not the published one")
        return data
