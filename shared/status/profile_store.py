"""The stored profile of a loop's features; if the profile is lost, a new one begins."""

from shared.status.feature_profile import Profile
from shared.storage import json_documents
from shared.storage.paths import this_loop
from shared.storage.this_storage import blobs


def read() -> tuple[Profile, str | None]:
    """Read the profile and its ETag; an empty profile if there is none, or none that can be read."""
    stored = blobs().read(this_loop().profile)
    if stored is None:
        return Profile(), None
    try:
        return json_documents.read(Profile, stored.data), stored.etag
    except json_documents.UnreadableDocument:
        return Profile(), stored.etag


def write(profile: Profile, etag: str | None) -> str:
    """Write the profile over the version that was read, and give the new ETag.

    Raises:
        ChangedMeanwhile: Another version is stored by now.
    """
    return blobs().write_over(this_loop().profile, json_documents.to_json(profile), etag)


def remove() -> None:
    """Delete the profile."""
    blobs().remove(this_loop().profile)
