"""Batches of inserts in the multipart form of the table service, and the answers to them."""

import re
from collections.abc import Sequence
from typing import Final

import orjson

from shared.storage.storage_answers import OutcomeUnknown, RowExists, RowRefused, TableMissing
from shared.times import from_iso

CONTENT_TYPE: Final = "multipart/mixed; boundary=batch_rankloop"
_OPEN: Final = b"--batch_rankloop\r\nContent-Type: multipart/mixed; boundary=changeset_rankloop\r\n\r\n"
_PART: Final = (
    "--changeset_rankloop\r\nContent-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    "POST %s HTTP/1.1\r\nContent-Type: application/json\r\nAccept: application/json;odata=nometadata\r\n"
    "Prefer: return-no-content\r\nDataServiceVersion: 3.0\r\n\r\n"
)
_CLOSE: Final = b"--changeset_rankloop--\r\n--batch_rankloop--\r\n"
_STATUS: Final = re.compile(rb"\nHTTP/1\.[01] (\d{3})")
_ETAG: Final = re.compile(rb"\n[Ee][Tt][Aa][Gg]: ([^\r\n]+)")
"""Both begin with a byte to search for: as lines, in any letter case, they took five times as long."""
_STAMP: Final = re.compile(r"datetime'([^']+)'")


def encode(table_url: str, entities: Sequence[bytes]) -> bytes:
    """Write the body of one batch; an entity's JSON has no line end, so it cannot contain a boundary."""
    part = (_PART % table_url).encode()
    return b"".join([_OPEN, *(b"%b%b\r\n" % (part, entity) for entity in entities), _CLOSE])


def decode(answer: bytes, count: int) -> list[int]:
    """Read when each of `count` rows was stored, in microseconds of storage's clock.

    Raises:
        RowExists, RowRefused, TableMissing: Nothing was written; a refusal names the first row to blame.
        OutcomeUnknown: The answer is not whole.
    """
    statuses = [int(status) for status in _STATUS.findall(answer)]
    etags = _ETAG.findall(answer)
    if len(statuses) == len(etags) == count and all(status < 300 for status in statuses):
        return [parse_etag(etag.decode()) for etag in etags]
    failed = next((status for status in statuses if status >= 400), 0)
    if not 400 <= failed < 500:
        raise OutcomeUnknown(f"a batch of {count} rows was answered by {len(etags)} times and status {failed}")
    raise refusal(failed, answer[answer.find(b"{") : answer.rfind(b"}") + 1], count)


def refusal(status: int, error: bytes, count: int) -> RowExists | RowRefused | TableMissing | OutcomeUnknown:
    """Make the error for a 4xx to an insert of `count` rows, from the JSON in the answer.

    A refusal that does not name the row counts as an unknown outcome, so that each row goes again alone.
    """
    code, row = _parse_error(error)
    if code in ("TableNotFound", "ResourceNotFound"):
        return TableMissing()
    index = 0 if count == 1 else row
    if index is None or index >= count:
        return OutcomeUnknown(f"storage refused one of {count} rows with {status} {code}")
    return RowExists(index) if code == "EntityAlreadyExists" else RowRefused(index, code or str(status))


def parse_etag(etag: str) -> int:
    """Read the moment in a row's ETag: its `Timestamp`, cut to whole microseconds.

    Raises:
        OutcomeUnknown: The text is no such ETag.
    """
    match = _STAMP.search(etag)
    try:
        return from_iso(match[1].replace("%3A", ":").replace("%3a", ":") if match else "")
    except ValueError as error:
        raise OutcomeUnknown("a row was stored at an unknown time") from error


def _parse_error(error: bytes) -> tuple[str, int | None]:
    """Read the code of an error, and the index of a row with which its message begins."""
    try:
        fields = orjson.loads(error)["odata.error"]
        index = re.match(r"(\d+):", fields.get("message", {}).get("value", ""))
        return str(fields["code"]), int(index[1]) if index else None
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError):
        return "", None
