"""Results of joining shards in storage: one blob each, from the join of the shard to the commit of its part."""

from collections.abc import Iterable, Mapping

from shared.log import manifest
from shared.storage import json_documents
from shared.storage.paths import this_loop
from shared.storage.this_storage import blobs
from shared.training.shard_result import ShardResult
from shared.training.training_state import Intent

_JSON = ".json"


def create(result: ShardResult) -> None:
    """Store a result, unless there is one already."""
    blobs().create(_path(result.intent, result.shard), json_documents.to_json(result))


def exists(intent: Intent, shard: int) -> bool:
    """Whether a shard of a part has a result."""
    return blobs().read_etag(_path(intent, shard)) is not None


def read_new(intent: Intent, before: Iterable[int] = ()) -> Mapping[int, ShardResult]:
    """Read the results of a part that are there, by shard.

    Args:
        before: Shards whose results were read before.
    """
    wanted = {_path(intent, shard) for shard in range(intent.shards)} - {_path(intent, shard) for shard in before}
    texts = blobs().read_all(path for path in blobs().list_paths(this_loop().joins) if path in wanted)
    results = [json_documents.read(ShardResult, text) for text in texts if text is not None]
    return {result.shard: result for result in results if result.intent == intent}


def remove_all() -> None:
    """Delete all results; those of a part that is not finished will be there again when they are needed."""
    for path in blobs().list_paths(this_loop().joins):
        blobs().remove(path)


def _path(intent: Intent, shard: int) -> str:
    return f"{this_loop().joins}{manifest.name(intent.from_us, intent.to_us, shard)}{_JSON}"
