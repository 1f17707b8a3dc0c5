"""What is told over HTTP about the model in use."""

from email.utils import format_datetime

import orjson

from shared.loop.published import Published
from shared.loop.times import to_datetime

_NEVER = "0001-01-01T00:00:00+00:00"
_NEVER_HTTP = "Mon, 01 Jan 0001 00:00:00 GMT"


def properties(published: Published) -> bytes:
    """When the loop first had a model, and when it last changed; the year 1 for both while there is none."""
    made = changed = _NEVER
    if published.model:
        made, changed = _moment(published.created_at_us), _moment(published.changed_at_us)
    return orjson.dumps({"creationTime": made, "lastModifiedTime": changed})


def download_headers(published: Published) -> dict[str, str]:
    """The headers under which a model is sent as a file."""
    changed_us = published.changed_at_us
    modified = _NEVER_HTTP if changed_us is None else format_datetime(to_datetime(changed_us), usegmt=True)
    return {
        "Content-Disposition": "attachment; filename=model.vw; filename*=UTF-8''model.vw",
        "Last-Modified": modified,
    }


def _moment(at_us: int | None) -> str:
    return _NEVER if at_us is None else to_datetime(at_us).isoformat()
