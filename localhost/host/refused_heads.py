"""Which requests the platform refuses by their heads alone, before any function is asked.

The rules are those of its server, Kestrel. What is refused gets an answer without a body, and the connection ends.
"""

import re
from collections.abc import Sequence
from functools import lru_cache
from http import HTTPStatus

from httptools import HttpRequestParser

Headers = Sequence[tuple[bytes, bytes]]

LINE_LIMIT_BYTES, HEAD_LIMIT_BYTES, MOST_HEADERS = 8 * 1024, 32 * 1024, 100
"""The longest first line, the longest head without it, and how many headers it may have."""
_PLAIN_URL_BYTES = LINE_LIMIT_BYTES - 100
_AROUND_THE_URL = len("  HTTP/1.1\r\n")
_AROUND_A_HEADER = len(": \r\n")
_HOST = re.compile(rb"(?:(?:\[[0-9a-fA-F:.]{3,}\]|[\w!$&'()\-.~]+)(?::\d+)?)?[ \t]*", re.ASCII)
_OTHER_VERSION = re.compile(rb"[^ \r\n]+ [^ \r\n]+ +(?!HTTP/1\.[01]\r)[^ \r\n]{8}\r\n")
_NUL, _HOST_NAME, _CODING = b"%00", b"host", b"transfer-encoding"


def refusal(parser: HttpRequestParser, url: bytes, headers: Headers, received: int) -> HTTPStatus | None:
    """Say with which status a request is refused, None if it is not; most are seen in one glance to be in order.

    Args:
        parser: Which has read the head.
        headers: By lower-case name; spaces may still be behind their values.
        received: How many bytes the head has at most.
    """
    names, values = zip(*headers, strict=True) if headers else ((), ())
    if (
        names.count(_HOST_NAME) == 1
        and received <= HEAD_LIMIT_BYTES
        and len(url) <= _PLAIN_URL_BYTES
        and len(names) <= MOST_HEADERS
        and _is_host(values[names.index(_HOST_NAME)])
        and b"".join(values).isascii()
        and _CODING not in names
        and _NUL not in url
        and parser.should_keep_alive()  # which is false of all versions but 1.1 and 1.0
    ):
        return None
    version = parser.get_http_version()
    return _refusal_of_line(parser.get_method(), url, version) or _refusal_of_headers(headers, version)


def refusal_of_broken(received: bytes) -> HTTPStatus:
    """Say with which status bytes are refused that the parser cannot read: 505 if only the version is at fault."""
    return HTTPStatus.HTTP_VERSION_NOT_SUPPORTED if _OTHER_VERSION.match(received) else HTTPStatus.BAD_REQUEST


def _refusal_of_line(method: bytes, url: bytes, version: str) -> HTTPStatus | None:
    if len(method) + len(url) + _AROUND_THE_URL > LINE_LIMIT_BYTES:
        return HTTPStatus.REQUEST_URI_TOO_LONG
    if version not in ("1.0", "1.1"):
        return HTTPStatus.HTTP_VERSION_NOT_SUPPORTED
    return HTTPStatus.BAD_REQUEST if _NUL in url.partition(b"?")[0] else None


def _refusal_of_headers(headers: Headers, version: str) -> HTTPStatus | None:
    size = sum(len(name) + len(value) + _AROUND_A_HEADER for name, value in headers)
    if size > HEAD_LIMIT_BYTES or len(headers) > MOST_HEADERS:
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    hosts, codings = (_values(headers, name) for name in (_HOST_NAME, _CODING))
    is_called_by_name = _is_host(hosts[0]) if len(hosts) == 1 else not hosts and version == "1.0"
    is_in_chunks = not codings or codings[-1].rpartition(b",")[2].strip(b" ").lower() == b"chunked"
    is_good = is_called_by_name and is_in_chunks and all(_is_text(value) for _, value in headers)
    return None if is_good else HTTPStatus.BAD_REQUEST


def _values(headers: Headers, name: bytes) -> list[bytes]:
    return [value for other, value in headers if other == name]


@lru_cache(maxsize=64)
def _is_host(value: bytes) -> bool:
    return _HOST.fullmatch(value) is not None


def _is_text(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True
