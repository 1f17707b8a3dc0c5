"""Model blobs: training states and the predict-only models that Rank loads, named by their content."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.errors import LoopError
from shared.models.published import ID_DIGITS, sha256_in
from shared.storage import blobs
from shared.storage.paths import MODELS
from shared.times import compact, from_compact


class DamagedModel(LoopError):
    """A model blob that is gone or was changed."""

    def __init__(self, path: str) -> None:
        super().__init__(f"the model {path} is gone or damaged in storage")


@dataclass(frozen=True, slots=True)
class KeptModel:
    """A model blob in storage.

    Attributes:
        position_us: The log position it has learned up to.
    """

    path: str
    position_us: int

    @property
    def is_told(self) -> bool:
        """Whether it is no model itself, but what is told of one."""
        return self.path.endswith(".json")


@dataclass(frozen=True, slots=True)
class Described:
    """What is kept beside a model's training state.

    Attributes:
        state_blob: The training state.
        predictor_blob: The model that was made of it.
        told: All that is told.
    """

    state_blob: str
    predictor_blob: str
    told: Mapping[str, Any]


def store(file: Path, position_us: int, revision: int) -> tuple[str, str]:
    """Keep a model file; gives its path, whose name is its SHA-256, and the SHA-256."""
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    path = path_of(sha256, position_us, revision)
    blobs.upload_file(path, file)
    return path, sha256


def put(data: bytes, position_us: int, revision: int) -> str:
    """Keep a model's bytes; gives their path."""
    path = path_of(hashlib.sha256(data).hexdigest(), position_us, revision)
    blobs.create(path, data)
    return path


def path_of(sha256: str, position_us: int, revision: int) -> str:
    """Where a model is kept."""
    return f"{MODELS}{compact(position_us)}-{revision}/{sha256}.vw"


def describe(path: str, told: Mapping[str, Any]) -> None:
    """Keep what is known of a model beside it."""
    blobs.create(path.removesuffix(".vw") + ".json", json.dumps(told, sort_keys=True).encode())


def described(state_blob: str) -> Described | None:
    """What is told of the model with a training state; None if nothing is kept."""
    stored = blobs.read(state_blob.removesuffix(".vw") + ".json")
    if stored is None:
        return None
    told = json.loads(stored.data)
    return Described(state_blob, told["predictor"], told)


def made_here(sha256: str) -> Described | None:
    """What is told of the model whose training state or predictor these bytes are; None if none was made here."""
    paths = [blob.path for blob in blobs.list_blobs(MODELS)]
    found = next((path for path in paths if path.endswith(f"/{sha256}.vw")), None)
    folder = found.rsplit("/", 1)[0] + "/" if found else None
    for path in paths:
        if folder is not None and path.startswith(folder) and path.endswith(".json"):
            one = described(path.removesuffix(".json") + ".vw")
            if one is not None and found in (one.state_blob, one.predictor_blob) and one.state_blob in paths:
                return one
    return None


def of_id(model_id: str) -> Described | None:
    """What is told of the model of an id, whether it was published or not; None if nothing is kept."""
    digest = model_id.rpartition("-")[2]
    if len(digest) != ID_DIGITS:
        return None
    names = (Path(blob.path) for blob in blobs.list_blobs(MODELS) if blob.path.endswith(".vw"))
    found = next((name.stem for name in names if name.stem.startswith(digest)), None)
    return made_here(found) if found else None


def is_kept(path: str) -> bool:
    """Whether a model is still there."""
    return blobs.read_etag(path) is not None


def fetch(path: str, into: Path) -> None:
    """Bring a model into a file.

    Raises:
        DamagedModel: It is not what its name says, or is not kept any more.
    """
    into.write_bytes(intact(path))


def intact(path: str) -> bytes:
    """The bytes of a model, which are what its name says.

    Raises:
        DamagedModel: They are not, or it is not kept any more.
    """
    data = read(path)
    if data is None or hashlib.sha256(data).hexdigest() != sha256_in(path):
        raise DamagedModel(path)
    return data


def read(path: str) -> bytes | None:
    """The bytes of a model; None if it is not kept any more."""
    stored = blobs.read(path)
    return stored.data if stored else None


def kept() -> Iterator[KeptModel]:
    """All that is kept, descriptions too, oldest log position first."""
    for blob in blobs.list_blobs(MODELS):
        position = blob.path.removeprefix(MODELS).split("-", 1)[0]
        yield KeptModel(blob.path, from_compact(position))
