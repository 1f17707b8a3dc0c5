"""Addresses of blob containers that carry their own permission (SAS)."""

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qs, urlsplit

_CONTAINER = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*|\$root")
MAX_LENGTH = 4096
"""The most characters of an address."""


def problem(address: str) -> str | None:
    """Find what keeps blobs from being written under an address; None if nothing does.

    The end of the signature's time is not checked, since an address also expires while it is stored.
    """
    if not address:
        return "It is missing."
    try:
        parts = urlsplit(address)
    except ValueError:
        return "It is no address."
    if len(address) > MAX_LENGTH or parts.scheme not in ("https", "http") or not parts.hostname:
        return f"It has to be an address with http or https, of at most {MAX_LENGTH} characters."
    return _path_problem(parts) or _query_problem(parse_qs(parts.query))


def hide_secret(address: str) -> str:
    """Write an address without what permits to write there; a text that is no such address may be anything."""
    if not address:
        return ""
    if problem(address) is not None:
        return "(hidden)"
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname}{parts.path}?(hidden)"


def _path_problem(parts: SplitResult) -> str | None:
    *account, container = parts.path.strip("/").split("/")
    if len(account) != int(_names_account_in_path(parts.hostname or "")) or not _CONTAINER.fullmatch(container):
        return "It has to be the address of a container, without a blob's name behind it."
    return None


def _query_problem(query: dict[str, list[str]]) -> str | None:
    if "sig" not in query:
        return "It has no signature (sig)."
    if query.get("sr", ["c"])[0] != "c":
        return "Its signature is not that of a container (sr=c)."
    if "si" not in query and not set("wc") & set(query.get("sp", [""])[0]):
        return "It does not allow to write (sp)."
    return None


def _names_account_in_path(host: str) -> bool:
    """Whether the host is an emulator's, which has the account in the path."""
    try:
        ip_address(host)
    except ValueError:
        return "." not in host
    return True
