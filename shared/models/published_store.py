"""`published.json`: reads the published model, and changes it so that no other change is lost.

Every instance reads it, so it names only the last models; references to models before those are stored first, each in a
document of its own.
"""

from collections.abc import Callable
from dataclasses import replace

from shared.configuration import settings_history_store
from shared.configuration.settings_change import Cause, value_change
from shared.loops import loop_list_store
from shared.models import reference_store
from shared.models.published import Published
from shared.storage import json_documents
from shared.storage.paths import this_loop
from shared.storage.this_storage import blobs

MOST_PREVIOUS = 50
"""How many models before the one in use `published.json` names."""


def read_published() -> Published:
    """Read what is published; nothing for a new loop."""
    return read_published_version()[0]


def read_published_version() -> tuple[Published, str | None]:
    """Read what is published, and its ETag; a new loop has published nothing, and no ETag."""
    stored = blobs().read(this_loop().published)
    if stored is None:
        return Published(), None
    return json_documents.read(Published, stored.data), stored.etag


def change_published(change: Callable[[Published], Published], cause: Cause | None = None) -> Published:
    """Write what `change` makes of what is published, once for each call; as `change_configuration`."""
    loop_list_store.mark()

    def change_and_note(before: Published) -> Published:
        if cause is not None and settings_history_store.has_noted(before.changes):
            return before
        after = _shorten(change(before))
        return after if cause is None else note_replacement(before, after, cause)

    return json_documents.change(
        this_loop().published,
        lambda text: json_documents.read(Published, text),
        json_documents.to_json,
        lambda before: change_and_note(before or Published()),
    )


def note_replacement(before: Published, after: Published, cause: Cause) -> Published:
    """What is published, with an entry of the history of settings if the model was replaced."""
    if after.generation == before.generation:
        return after
    ids = (published.model.id if published.model else None for published in (before, after))
    return replace(after, changes=settings_history_store.note(before.changes, cause, [value_change("model", *ids)]))


def publish(published: Published, etag: str | None) -> str:
    """Write what is published if storage still has the version with that ETag; gives the new ETag.

    Raises:
        ChangedMeanwhile: Storage has another version.
    """
    return blobs().write_over(this_loop().published, json_documents.to_json(_shorten(published)), etag)


def _shorten(published: Published) -> Published:
    """Store the references that are too many, and leave them out."""
    for model in published.previous[MOST_PREVIOUS:]:
        reference_store.store(model, model.made_at_us)
    return replace(published, previous=published.previous[:MOST_PREVIOUS])
