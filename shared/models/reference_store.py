"""References to the models before those that `published.json` names, one document each.

`published.json` is read by every instance, so it names only the last models. Whoever takes a model out of it has stored
the model's reference here before. So a model may be named in both places, and its reference here more than once; a
model that was in use is always named in one of them, until it is deleted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from shared import running_call
from shared.models.published import ModelReference
from shared.storage import json_documents
from shared.storage.paths import this_loop
from shared.storage.this_storage import blobs
from shared.times import compact, from_compact

_SUFFIX = ".json"


@dataclass(frozen=True, slots=True)
class StoredReference:
    """Where the reference to a model is stored.

    Attributes:
        since_us: When the model was published, or was last wanted again.
    """

    path: str
    model_id: str
    since_us: int

    @classmethod
    def at(cls, path: str) -> Self:
        """What the path of a stored reference says."""
        since, model_id = path.removeprefix(this_loop().references).removesuffix(_SUFFIX).split("-", 1)
        return cls(path, model_id, from_compact(since))


@running_call.harmless()
def store(model: ModelReference, since_us: int) -> None:
    """Store the reference to a model, without the ids of its events."""
    text = json_documents.to_json(model.without_event_ids())
    blobs().write(f"{this_loop().references}{compact(since_us)}-{model.id}{_SUFFIX}", text)


def list_all() -> list[StoredReference]:
    """List the references, newest first; a model may have several."""
    return [StoredReference.at(path) for path in blobs().list_paths(this_loop().references)][::-1]


def list_etags() -> dict[StoredReference, str]:
    """List the references with the ETags that they have now; ten times the work of `list_all`."""
    return {StoredReference.at(blob.path): blob.etag for blob in blobs().list_blobs(this_loop().references)}


def read(stored: Iterable[StoredReference]) -> dict[str, ModelReference]:
    """Read references, by path; those that are gone are left out."""
    paths = [reference.path for reference in stored]
    texts = zip(paths, blobs().read_all(paths), strict=True)
    return {path: json_documents.read(ModelReference, text) for path, text in texts if text is not None}


def find(model_id: str) -> ModelReference | None:
    """Find the newest reference to a model; None if there is none."""
    stored = next((each for each in list_all() if each.model_id == model_id), None)
    return None if stored is None else read([stored]).get(stored.path)


def newest_of_each(stored: Sequence[StoredReference], without: Iterable[str]) -> list[StoredReference]:
    """Select the newest reference to each model, newest first.

    Args:
        stored: Newest first.
        without: The ids of models that are not wanted.
    """
    ids, selected = set(without), list[StoredReference]()
    for reference in stored:
        if reference.model_id not in ids:
            ids.add(reference.model_id)
            selected.append(reference)
    return selected


def remove(reference: StoredReference, etag: str) -> None:
    """Delete a reference, unless it was stored anew since it had this ETag."""
    blobs().remove_unchanged(reference.path, etag)
