"""The model in use under fixed names, for readers of the exports container: `exports/{loop}/current/…`."""

import json
import logging
from collections.abc import Mapping

from shared.models import model_store, published_store
from shared.models.model_store import DamagedModel
from shared.models.published import ModelReference, Published
from shared.storage.paths import this_loop
from shared.storage.storage_answers import BlobLeased, ChangedMeanwhile
from shared.storage.this_storage import blobs
from shared.storage_errors import StorageUnavailable

_NAMES = ("model.vw", "learning-settings.json")
_MODEL_ID = "model"
"""The blobs' metadata that names the exported model."""
_TRIES = 20

_log = logging.getLogger(__name__)


def read_etags() -> Mapping[str, str | None]:
    """The ETags of the export's blobs by name; None for a blob that does not exist."""
    return {name: blobs().read_etag(this_loop().current_export + name) for name in _NAMES}


def write(model: ModelReference, data: bytes, etags: Mapping[str, str | None]) -> None:
    """Export a model, if storage still has the versions of the blobs with these ETags.

    Args:
        data: The predictor.
        etags: From `read_etags`, read before the published model was, so that an older export cannot overwrite a newer
            one.

    Raises:
        ChangedMeanwhile: Another export came between.
    """
    settings = json.dumps({"name": model.id, "arguments": model.arguments}).encode()
    for name, content in zip(_NAMES, (data, settings), strict=True):
        blobs().write_over(this_loop().current_export + name, content, etags[name], metadata={_MODEL_ID: model.id})


def follow() -> None:
    """Bring the export up to date after the model was replaced; what cannot be done now, the trainer does later."""
    try:
        update()
    except (BlobLeased, DamagedModel, StorageUnavailable) as trouble:
        _log.warning("the export is not up to date: %s", trouble)


def update() -> Published:
    """Export the published model, or remove the export if no model is published; gives what is published.

    Each run of the trainer calls this, too: an export that began before a replacement may reach storage after it, and a
    process may have died between a replacement and this.

    Raises:
        StorageUnavailable: The export changed at each try.
        BlobLeased: Another program holds a lease on the export.
        DamagedModel: The published model was changed in storage.
    """
    for _ in range(_TRIES):
        versions = {name: blobs().read_version(this_loop().current_export + name) for name in _NAMES}
        published = published_store.read_published()
        model_id = published.model.id if published.model else None
        if all((version.metadata.get(_MODEL_ID) if version else None) == model_id for version in versions.values()):
            return published
        try:
            _replace(published.model, {name: version.etag if version else None for name, version in versions.items()})
        except ChangedMeanwhile:
            continue
    raise StorageUnavailable("the current export kept changing while it was written")


def _replace(model: ModelReference | None, etags: Mapping[str, str | None]) -> None:
    if model is not None:
        write(model, model_store.read_intact(model.predictor_blob), etags)
        return
    for name, etag in etags.items():
        if etag is not None:
            blobs().remove(this_loop().current_export + name, etag)
