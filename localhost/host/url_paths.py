"""Paths as the real host decodes and encodes them.

It decodes a path once, before it looks for the function, but leaves `%2F` as it is, and what is no UTF-8; then it
resolves `.` and `..`. The address that a function gets is encoded anew from that, so `%2F` in it may have been
`%252F`. The path as it was sent is in a header, which the platform's front end sets.
"""

import re
from urllib.parse import quote

SENT = "x-waws-unencoded-url"
"""The header with path and query as the client sent them."""

_ENCODED = re.compile("(?:%(?!2[fF])[0-9a-fA-F]{2})+")
_NO_UTF_8 = re.compile("[\udc80-\udcff]")
_UNESCAPED = "/!$&'()*+,;=:@%"


def decode(raw: bytes) -> str:
    """The path by which a function is found."""
    path = raw.decode("latin-1")
    if "%" in path:
        path = _ENCODED.sub(_decode_run, path)
    return _resolve(path) if "/." in path else path


def encode(path: str) -> str:
    """Encode a decoded path as the function gets it: what looks encoded is left alone."""
    return quote(re.sub("%(?![0-9a-fA-F]{2})", "%25", path), safe=_UNESCAPED)


def _decode_run(run: re.Match[str]) -> str:
    text = bytes.fromhex(run[0].replace("%", "")).decode("utf-8", "surrogateescape")
    return _NO_UTF_8.sub(lambda match: f"%{ord(match[0]) - 0xDC00:02X}", text)


def _resolve(path: str) -> str:
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del segments[max(1, len(segments) - 1) :]
        elif segment != ".":
            segments.append(segment)
    return "/".join(segments)
