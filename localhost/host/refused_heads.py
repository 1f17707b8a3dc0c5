"""Which requests the platform refuses by their heads alone, before any function is asked.

The rules are those of its server, Kestrel. What is refused gets an answer without a body, and the connection ends.
"""

import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus

Headers = Sequence[tuple[bytes, bytes]]

LINE_LIMIT_BYTES, HEAD_LIMIT_BYTES, MOST_HEADERS = 8 * 1024, 32 * 1024, 100
"""The longest first line, the longest head without it, and how many headers it may have."""
_PLAIN_BYTES = 4 * 1024
_AROUND_THE_URL = len("  HTTP/1.1\r\n")
_AROUND_A_HEADER = len(": \r\n")
_PLAIN_VERSION, _VERSIONS = "1.1", ("1.1", "1.0")
_HOST = re.compile(rb"(?:(?:\[[0-9a-fA-F:.]{3,}\]|[\w!$&'()\-.~]+)(?::\d+)?)?[ \t]*", re.ASCII)
_OTHER_VERSION = re.compile(rb"[^ \r\n]+ [^ \r\n]+ +(?!HTTP/1\.[01]\r)[^ \r\n]{8}\r\n")
_NUL = b"%00"


def refusal(method: bytes, url: bytes, version: str, headers: Headers) -> HTTPStatus | None:
    """Say with which status a request is refused, None if it is not; most are seen in one glance to be in order.

    Args:
        headers: By lower-case name; spaces may still be behind their values.
    """
    by_name = dict(headers)
    values = b"".join(by_name.values())
    if (
        len(url) + len(values) < _PLAIN_BYTES
        and len(by_name) == len(headers) <= MOST_HEADERS
        and version == _PLAIN_VERSION
        and _NUL not in url
        and b"transfer-encoding" not in by_name
        and values.isascii()
        and _HOST.fullmatch(by_name.get(b"host", b" :"))
    ):
        return None
    return _refusal_of_line(method, url, version) or _refusal_of_headers(headers, by_name, version)


def refusal_of_broken(received: bytes) -> HTTPStatus:
    """Say with which status bytes are refused that the parser cannot read: 505 if only the version is at fault."""
    return HTTPStatus.HTTP_VERSION_NOT_SUPPORTED if _OTHER_VERSION.match(received) else HTTPStatus.BAD_REQUEST


def _refusal_of_line(method: bytes, url: bytes, version: str) -> HTTPStatus | None:
    if len(method) + len(url) + _AROUND_THE_URL > LINE_LIMIT_BYTES:
        return HTTPStatus.REQUEST_URI_TOO_LONG
    if version not in _VERSIONS:
        return HTTPStatus.HTTP_VERSION_NOT_SUPPORTED
    return HTTPStatus.BAD_REQUEST if _NUL in url.partition(b"?")[0] else None


def _refusal_of_headers(headers: Headers, by_name: Mapping[bytes, bytes], version: str) -> HTTPStatus | None:
    size = sum(len(name) + len(value) + _AROUND_A_HEADER for name, value in headers)
    if size > HEAD_LIMIT_BYTES or len(headers) > MOST_HEADERS:
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    hosts = [value for name, value in headers if name == b"host"]
    host_is_good = _HOST.fullmatch(hosts[0]) if len(hosts) == 1 else not hosts and version != _PLAIN_VERSION
    coding = by_name.get(b"transfer-encoding", b"chunked").rpartition(b",")[2].strip().lower()
    are_good = host_is_good and coding == b"chunked" and all(_is_text(value) for _, value in headers)
    return None if are_good else HTTPStatus.BAD_REQUEST


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
