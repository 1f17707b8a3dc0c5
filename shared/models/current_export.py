"""The model in use under its fixed names, for whoever may read blobs: `exports/{loop}/current/…`."""

import json
import logging
from collections.abc import Mapping

from shared.models import model_store, published_store
from shared.models.model_store import DamagedModel
from shared.models.published import ModelReference, Published
from shared.storage import blobs
from shared.storage.blobs import ChangedMeanwhile
from shared.storage.paths import CURRENT_EXPORT
from shared.storage_errors import StorageUnavailable

_NAMES = ("model.vw", "learning-settings.json")
_WHICH = "model"
_TRIES = 20

_log = logging.getLogger(__name__)


def etags() -> Mapping[str, str | None]:
    """The versions of the export's blobs by name; None where one is absent."""
    return {name: blobs.read_etag(CURRENT_EXPORT + name) for name in _NAMES}


def write(model: ModelReference, data: bytes, seen: Mapping[str, str | None]) -> None:
    """Export a model over what was seen before.

    Args:
        seen: From `etags`, and from before it was read which model is in use: then no older export is written last.

    Raises:
        ChangedMeanwhile: Another one exported since.
    """
    told = json.dumps({"name": model.id, "arguments": model.arguments}).encode()
    for name, content in zip(_NAMES, (data, told), strict=True):
        blobs.write_over(CURRENT_EXPORT + name, content, seen[name], metadata={_WHICH: model.id})


def settle() -> Published:
    """Make the export that of the model in use, or take it away if there is none; gives what is published.

    Whoever replaces a model calls this afterwards, and the trainer in every run: an export on its way to storage may
    land after a replacement that it knows nothing of, and whoever replaced may have died before this.

    Raises:
        StorageUnavailable: It kept changing.
    """
    for _ in range(_TRIES):
        seen = {name: blobs.read_version(CURRENT_EXPORT + name) for name in _NAMES}
        published = published_store.read_published()
        model_id = published.model.id if published.model else None
        if all((told.metadata.get(_WHICH) if told else None) == model_id for told in seen.values()):
            return published
        try:
            _bring_about(published.model, {name: told.etag if told else None for name, told in seen.items()})
        except ChangedMeanwhile:
            continue
        except DamagedModel as problem:
            _log.error("the export stays as it is: %s", problem)
            return published
    raise StorageUnavailable("the current export kept changing while it was written")


def _bring_about(model: ModelReference | None, seen: Mapping[str, str | None]) -> None:
    if model is not None:
        write(model, model_store.intact(model.predictor_blob), seen)
        return
    for name, etag in seen.items():
        if etag is not None:
            blobs.remove(CURRENT_EXPORT + name, etag)
