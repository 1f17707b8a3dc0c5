"""Paths as the real host takes and tells them.

It decodes a path once, before it looks for the function, but leaves `%2F` as it is, and what is no UTF-8; then it
resolves `.` and `..`. The address that a function is told is encoded anew from that, so `%2F` in it may have been
`%252F`. The path as it was sent stands in a header, which the platform's front end sets.
"""

import re
from urllib.parse import quote

SENT = "x-waws-unencoded-url"
"""The header with path and query as the client sent them."""

_ENCODED = re.compile("(?:%(?!2[fF])[0-9a-fA-F]{2})+")
_NO_UTF_8 = re.compile("[\udc80-\udcff]")
_TOLD_AS_THEY_ARE = "/!$&'()*+,;=:@%"


def decoded(raw: bytes) -> str:
    """The path by which a function is found."""
    path = raw.decode("latin-1")
    if "%" in path:
        path = _ENCODED.sub(_decoded, path)
    return _resolved(path) if "/." in path else path


def told(path: str) -> str:
    """A decoded path as the function is told it: what looks encoded is left alone."""
    return quote(re.sub("%(?![0-9a-fA-F]{2})", "%25", path), safe=_TOLD_AS_THEY_ARE)


def _decoded(run: re.Match[str]) -> str:
    text = bytes.fromhex(run[0].replace("%", "")).decode("utf-8", "surrogateescape")
    return _NO_UTF_8.sub(lambda one: f"%{ord(one[0]) - 0xDC00:02X}", text)


def _resolved(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[max(1, len(kept) - 1) :]
        elif segment != ".":
            kept.append(segment)
    return "/".join(kept)
