"""The model in use over HTTP: its properties, and the query and the headers of a download."""

from datetime import UTC, datetime
from email.utils import format_datetime

from shared.models.published import Published
from shared.times import SECOND, to_datetime
from shared.web import versions
from shared.web.errors import InvalidRequest
from shared.web.json_forms import Wire
from shared.web.versions import Version

_SIGNED_SINCE = "v1.1-preview.3"
_NEVER = datetime(1, 1, 1, tzinfo=UTC)
_NEVER_HTTP = "Mon, 01 Jan 0001 00:00:00 GMT"


class ModelProperties(Wire):
    """When the loop first had a model, and when it last changed."""

    creation_time: datetime
    last_modified_time: datetime

    @classmethod
    def of(cls, published: Published) -> "ModelProperties":
        """Both moments in whole seconds; each the year 1 if it never came. A reset is a change."""
        return cls(
            creation_time=_moment(published.created_at_us),
            last_modified_time=_moment(published.changed_at_us),
        )


class DownloadQuery(Wire):
    """How the model is wanted."""

    signed: bool = False


def download_query(version: Version) -> type[DownloadQuery] | None:
    """The query parameters of a download, in the versions that have any."""
    return DownloadQuery if version in versions.since(_SIGNED_SINCE) else None


def wants_signed(sent: str | None, version: Version) -> bool:
    """Whether a caller wants the model with its signature; earlier versions have no such query.

    Raises:
        InvalidRequest: The query's value is neither true nor false.
    """
    if sent is None or download_query(version) is None:
        return False
    if sent.lower() not in ("true", "false"):
        raise InvalidRequest("It must be true or false.", "signed")
    return sent.lower() == "true"


def download_headers(published: Published, *, signed: bool) -> dict[str, str]:
    """The headers under which a model is sent as a file, plain or in an archive with its signature."""
    name = "model.vw.zip" if signed else "model.vw"
    changed_us = published.changed_at_us
    modified = _NEVER_HTTP if changed_us is None else format_datetime(to_datetime(changed_us), usegmt=True)
    return {
        "Content-Disposition": f"attachment; filename={name}; filename*=UTF-8''{name}",
        "Last-Modified": modified,
    }


def _moment(at_us: int | None) -> datetime:
    return _NEVER if at_us is None else to_datetime(at_us - at_us % SECOND)
