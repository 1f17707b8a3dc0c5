"""What is told over HTTP about the model in use."""

from datetime import datetime
from email.utils import format_datetime

import orjson

from shared.models.published import Published
from shared.times import to_datetime
from shared.web import versions
from shared.web.errors import InvalidRequest
from shared.web.json_forms import Wire
from shared.web.versions import Version

_SIGNED_SINCE = "v1.1-preview.3"
_NEVER = "0001-01-01T00:00:00+00:00"
_NEVER_HTTP = "Mon, 01 Jan 0001 00:00:00 GMT"


class ModelProperties(Wire):
    """When the loop first had a model, and when it last changed."""

    creation_time: datetime
    last_modified_time: datetime


class DownloadQuery(Wire):
    """How the model is wanted."""

    signed: bool = False


def download_query(version: Version) -> type[DownloadQuery] | None:
    """The query parameters of a download, in the versions that have any."""
    return DownloadQuery if version in versions.since(_SIGNED_SINCE) else None


def wants_signed(asked: str | None, version: Version) -> bool:
    """Whether a model is asked for with its signature; earlier versions know none.

    Raises:
        InvalidRequest: What the query says is neither true nor false.
    """
    if asked is None or download_query(version) is None:
        return False
    if asked.lower() not in ("true", "false"):
        raise InvalidRequest("It must be true or false.", "signed")
    return asked.lower() == "true"


def properties(published: Published) -> bytes:
    """When the loop first had a model, and when it last changed; the year 1 for both while there is none."""
    made = changed = _NEVER
    if published.model:
        made, changed = _moment(published.created_at_us), _moment(published.changed_at_us)
    return orjson.dumps({"creationTime": made, "lastModifiedTime": changed})


def download_headers(published: Published, *, signed: bool) -> dict[str, str]:
    """The headers under which a model is sent as a file, plain or in an archive with its signature."""
    name = "model.vw.zip" if signed else "model.vw"
    changed_us = published.changed_at_us
    modified = _NEVER_HTTP if changed_us is None else format_datetime(to_datetime(changed_us), usegmt=True)
    return {
        "Content-Disposition": f"attachment; filename={name}; filename*=UTF-8''{name}",
        "Last-Modified": modified,
    }


def _moment(at_us: int | None) -> str:
    return _NEVER if at_us is None else to_datetime(at_us).isoformat()
