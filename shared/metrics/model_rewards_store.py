"""What models earned, one document for each that has left the commit record."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.metrics.model_rewards import ModelRecord, ModelSums, Stint
from shared.storage import json_documents
from shared.storage.paths import this_loop
from shared.storage.this_storage import blobs

_SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """The document of a model, as it was listed."""

    path: str
    model_id: str
    etag: str


def add(stint: Stint) -> None:
    """Write a stint into its model's document, in the place of what is known of it."""
    json_documents.change(
        _path(stint.model_id),
        lambda text: json_documents.read(ModelRecord, text),
        json_documents.to_json,
        lambda before: (before or ModelRecord()).with_stint(stint),
    )


def read(model_ids: Sequence[str], recent: Sequence[Stint]) -> Mapping[str, ModelSums]:
    """Read what models have earned.

    Args:
        recent: The stints of the commit record, read before: a stint leaves it only when it is in a document.
    """
    texts = blobs().read_all(map(_path, model_ids))
    records = {
        model_id: ModelRecord() if text is None else json_documents.read(ModelRecord, text)
        for model_id, text in zip(model_ids, texts, strict=True)
    }
    for stint in recent:
        if stint.model_id in records:
            records[stint.model_id] = records[stint.model_id].with_stint(stint)
    return {model_id: record.sums for model_id, record in records.items()}


def list_all() -> list[StoredRecord]:
    """List the documents."""
    return [
        StoredRecord(blob.path, blob.path.removeprefix(this_loop().model_rewards).removesuffix(_SUFFIX), blob.etag)
        for blob in blobs().list_blobs(this_loop().model_rewards)
    ]


def remove(record: StoredRecord) -> None:
    """Delete a document, unless it was changed since it was listed."""
    blobs().remove_unchanged(record.path, record.etag)


def _path(model_id: str) -> str:
    return f"{this_loop().model_rewards}{model_id}{_SUFFIX}"
