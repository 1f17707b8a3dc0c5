"""Model blobs: training states and the predict-only models that Rank loads, named by their content."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.loop.errors import LoopError
from shared.loop.times import compact, from_compact
from shared.storage import blobs
from shared.storage.names import CURRENT_EXPORT, MODELS


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


def store(file: Path, position_us: int, revision: int) -> tuple[str, str]:
    """Keep a model file; gives its path, whose name is its SHA-256, and the SHA-256."""
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    path = f"{MODELS}{compact(position_us)}-{revision}/{sha256}.vw"
    blobs.upload_file(path, file)
    return path, sha256


def describe(path: str, told: Mapping[str, Any]) -> None:
    """Keep what is known of a model beside it."""
    blobs.create(path.removesuffix(".vw") + ".json", json.dumps(told, sort_keys=True).encode())


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
    if data is None or hashlib.sha256(data).hexdigest() != Path(path).stem:
        raise DamagedModel(path)
    return data


def read(path: str) -> bytes | None:
    """The bytes of a model; None if it is not kept any more."""
    stored = blobs.read(path)
    return stored.data if stored else None


def kept() -> Iterator[KeptModel]:
    """All that is kept, descriptions too, oldest log position first."""
    for blob in blobs.listed(MODELS):
        position = blob.path.removeprefix(MODELS).split("-", 1)[0]
        yield KeptModel(blob.path, from_compact(position))


def exported() -> Mapping[str, str | None]:
    """The ETags of the current export's blobs by name; None where one is absent."""
    return {name: blobs.etag(CURRENT_EXPORT + name) for name in ("model.vw", "learning-settings.json")}


def export(name: str, data: bytes, etag: str | None) -> None:
    """Write one blob of the current export, if it is still the version with that ETag.

    Raises:
        ChangedMeanwhile: Another trainer exported since.
    """
    blobs.write_over(CURRENT_EXPORT + name, data, etag)


def withdraw_export(name: str, etag: str | None) -> None:
    """Take one blob of the current export away, if it is still the version with that ETag.

    Raises:
        ChangedMeanwhile: Another trainer exported since.
    """
    if etag is not None:
        blobs.remove(CURRENT_EXPORT + name, etag)
