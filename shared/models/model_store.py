"""Model blobs: training states and the predictors that Rank loads, named by their content, with their descriptions."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from shared import running_call
from shared.errors import LoopError
from shared.models.model_description import ModelDescription
from shared.models.published import ID_DIGITS, sha256_in
from shared.storage.paths import this_loop
from shared.storage.this_storage import blobs
from shared.times import compact, from_compact


class DamagedModel(LoopError):
    """A model blob that is gone or was changed."""

    def __init__(self, path: str) -> None:
        super().__init__(f"the model {path} is gone or damaged in storage")


@dataclass(frozen=True, slots=True)
class ModelBlob:
    """A blob beside the models: a training state, a predictor or a description.

    Attributes:
        position_us: The log position that the model has learned up to.
        etag: As it was listed; another one if the blob was made or renewed since.
    """

    path: str
    position_us: int
    etag: str

    @property
    def is_description(self) -> bool:
        """Whether the blob describes a model and is none itself."""
        return self.path.endswith(".json")


@dataclass(frozen=True, slots=True)
class DescribedModel:
    """A training state, and the description beside it.

    Attributes:
        state_blob: Blob path of the training state.
    """

    state_blob: str
    description: ModelDescription


def store(file: Path, position_us: int, revision: int) -> tuple[str, str]:
    """Store a model file; gives its path, whose name is its SHA-256, and the SHA-256."""
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    path = path_of(sha256, position_us, revision)
    _ensure(path, lambda: blobs().upload_file(path, file), _keep_intact)
    return path, sha256


def put(data: bytes, position_us: int, revision: int) -> str:
    """Store a model's bytes; gives their path."""
    path = path_of(hashlib.sha256(data).hexdigest(), position_us, revision)
    _ensure(path, lambda: blobs().create(path, data), _keep_intact)
    return path


def remove(model: ModelBlob) -> None:
    """Delete a blob, unless it was made or renewed since it was listed."""
    blobs().remove_unchanged(model.path, model.etag)


@running_call.harmless()
def _ensure(path: str, create: Callable[[], bool], keep: Callable[[str], bool]) -> None:
    """Make a blob that never changes, or keep the one that is there.

    A model that is learned again has the blobs that it had. Who was about to delete them, since no model needed them,
    is then refused.
    """
    while not create() and not keep(path):
        continue


@running_call.harmless()
def renew(path: str) -> bool:
    """Keep a model from who was about to delete it; False if it is gone."""
    return blobs().renew(path)


def _keep_intact(path: str) -> bool:
    """The same for a model that has the bytes of its name; one that was damaged is deleted, to be made again."""
    stored = blobs().read(path)
    if stored is not None and hashlib.sha256(stored.data).hexdigest() != sha256_in(path):
        blobs().remove_unchanged(path, stored.etag)
        return False
    return renew(path)


def path_of(sha256: str, position_us: int, revision: int) -> str:
    """Where a model is stored."""
    return f"{this_loop().models}{compact(position_us)}-{revision}/{sha256}.vw"


def description_path(state_blob: str) -> str:
    """Where the description of a training state is stored."""
    return state_blob.removesuffix(".vw") + ".json"


def describe(state_blob: str, description: ModelDescription) -> None:
    """Store the description of a model beside its training state."""
    path = description_path(state_blob)
    _ensure(path, lambda: blobs().create(path, description.to_json()), renew)


def read_described(state_blob: str) -> DescribedModel | None:
    """Read the description of the model with a training state; None if there is none."""
    stored = blobs().read(description_path(state_blob))
    return DescribedModel(state_blob, ModelDescription.read(stored.data)) if stored else None


def find_described(sha256: str) -> DescribedModel | None:
    """Find the model whose training state or predictor has a SHA-256; None if no such model was made here."""
    paths = list(list_paths())
    model_blob = next((path for path in paths if path.endswith(f"/{sha256}.vw")), None)
    folder = model_blob.rsplit("/", 1)[0] + "/" if model_blob else None
    for path in paths:
        if folder is not None and path.startswith(folder) and path.endswith(".json"):
            model = read_described(path.removesuffix(".json") + ".vw")
            if (
                model
                and model_blob in (model.state_blob, model.description.predictor_blob)
                and model.state_blob in paths
            ):
                return model
    return None


def find_described_by_id(model_id: str) -> DescribedModel | None:
    """Find the model of an id, whether it was published or not; None if there is none."""
    digest = model_id.rpartition("-")[2]
    if len(digest) != ID_DIGITS:
        return None
    names = (Path(path) for path in list_paths() if path.endswith(".vw"))
    sha256 = next((name.stem for name in names if name.stem.startswith(digest)), None)
    return find_described(sha256) if sha256 else None


def exists(path: str) -> bool:
    """Whether a model is still in storage."""
    return blobs().read_etag(path) is not None


def fetch(path: str, into: Path) -> None:
    """Download a model into a file.

    Raises:
        DamagedModel: The model's bytes do not have the SHA-256 in its name, or are gone.
    """
    into.write_bytes(read_intact(path))


def read_intact(path: str) -> bytes:
    """Read the bytes of a model, and check them against the SHA-256 in its name.

    Raises:
        DamagedModel: The bytes have another SHA-256, or are gone.
    """
    data = read(path)
    if data is None or hashlib.sha256(data).hexdigest() != sha256_in(path):
        raise DamagedModel(path)
    return data


def read(path: str) -> bytes | None:
    """Read the bytes of a model; None if they are gone."""
    stored = blobs().read(path)
    return stored.data if stored else None


def list_paths() -> Iterator[str]:
    """The paths of all blobs of models, descriptions too, oldest log position first."""
    return blobs().list_paths(this_loop().models)


def list_blobs() -> Iterator[ModelBlob]:
    """All blobs of models as they are now, in the same order; ten times the work of `list_paths`."""
    for blob in blobs().list_blobs(this_loop().models):
        position = blob.path.removeprefix(this_loop().models).split("-", 1)[0]
        yield ModelBlob(blob.path, from_compact(position), blob.etag)
