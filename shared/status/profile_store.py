"""The profile of a loop's features; it may be lost, and then begins anew."""

from shared.status.feature_profile import Profile
from shared.storage import blobs, json_documents
from shared.storage.paths import PROFILE


def read() -> tuple[Profile, str | None]:
    """The profile and its ETag; an empty one where there is none, or none that can be read."""
    stored = blobs.read(PROFILE)
    if stored is None:
        return Profile(), None
    try:
        return json_documents.read(Profile, stored.data), stored.etag
    except json_documents.UnreadableDocument:
        return Profile(), stored.etag


def write(profile: Profile, etag: str | None) -> str:
    """Write the profile over the version that was read; gives the new ETag.

    Raises:
        ChangedMeanwhile: It is another version.
    """
    return blobs.write_over(PROFILE, json_documents.to_json(profile), etag)


def remove() -> None:
    """Forget all that is known of features."""
    blobs.remove(PROFILE)
