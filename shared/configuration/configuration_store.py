"""`configuration.json` and `published.json`: read them, or change them so that no other change is lost."""

from collections.abc import Callable

from shared.configuration.configuration import Configuration, new_configuration
from shared.models.published import Published
from shared.settings import settings
from shared.storage import blobs, json_documents
from shared.storage.blobs import ChangedMeanwhile
from shared.storage.paths import CONFIGURATION, PUBLISHED
from shared.storage_errors import StorageUnavailable

_TRIES = 20


def initial_configuration() -> Configuration:
    """What a loop starts with in this deployment."""
    return new_configuration(settings().shards)


def read_configuration() -> Configuration:
    """The configuration; a new loop gets its first one.

    Raises:
        StorageUnavailable: Storage did not answer.
    """
    stored = blobs.read(CONFIGURATION)
    if stored is None:
        blobs.create(CONFIGURATION, json_documents.to_json(initial_configuration()))
        stored = blobs.read(CONFIGURATION)
    if stored is None:
        raise StorageUnavailable("the configuration vanished while it was read")
    return json_documents.read_configuration(stored.data)


def change_configuration(change: Callable[[Configuration], Configuration]) -> Configuration:
    """Write what `change` makes of the configuration; whoever writes last wins whole.

    Args:
        change: May be called again if another writer came between; what it raises is passed on, nothing changed.
    """
    read_configuration()
    return _changed(CONFIGURATION, json_documents.read_configuration, initial_configuration, change)


def read_published() -> Published:
    """What is published; nothing for a new loop."""
    return published_version()[0]


def published_version() -> tuple[Published, str | None]:
    """What is published, and its ETag; a new loop has published nothing, and no ETag."""
    stored = blobs.read(PUBLISHED)
    if stored is None:
        return Published(), None
    return json_documents.read_published(stored.data), stored.etag


def change_published(change: Callable[[Published], Published]) -> Published:
    """Write what `change` makes of what is published; as `change_configuration`."""
    return _changed(PUBLISHED, json_documents.read_published, Published, change)


def publish(published: Published, etag: str | None) -> str:
    """Write what is published if it is still the version with that ETag; gives the new one.

    Raises:
        ChangedMeanwhile: It is another version.
    """
    return blobs.write_over(PUBLISHED, json_documents.to_json(published), etag)


def _changed[Document: (Configuration, Published)](
    path: str, read: Callable[[bytes], Document], first: Callable[[], Document], change: Callable[[Document], Document]
) -> Document:
    for _ in range(_TRIES):
        stored = blobs.read(path)
        before = read(stored.data) if stored else first()
        after = change(before)
        if after == before and stored:
            return after
        try:
            blobs.write_over(path, json_documents.to_json(after), stored.etag if stored else None)
        except ChangedMeanwhile:
            continue
        return after
    raise StorageUnavailable(f"{path} kept changing while it was written")
