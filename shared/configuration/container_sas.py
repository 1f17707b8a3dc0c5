"""Addresses of blob containers that carry their own permission (SAS)."""

import re
from urllib.parse import SplitResult, parse_qs, urlsplit

from shared.storage.public_addresses import names_this_machine

_CONTAINER = re.compile(r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*|\$root")
MAX_LENGTH = 4096
"""The most characters of an address."""
_PRINTABLE = re.compile(r"[!-~]+")
_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_NAME = re.compile(rf"(?=.{{1,253}}$)({_LABEL}\.)+(?=[a-z]){_LABEL}")
"""The name of a host in a domain; what ends with a number would be an address, in one of the ways to write them."""


def problem(address: str) -> str | None:
    """Find what keeps blobs from being written under an address; None if nothing does.

    The end of the signature's time is not checked, since an address also expires while it is stored.
    """
    if (text := _address_problem(address)) is not None:
        return text
    rights = _rights(address)
    return None if rights is None or rights & set("wc") else "It does not allow to write (sp)."


def reading_problem(address: str) -> str | None:
    """Find what keeps the blobs under an address from being listed and read; None if nothing does."""
    if (text := _address_problem(address)) is not None:
        return text
    rights = _rights(address)
    return None if rights is None or rights >= set("rl") else "It does not allow to read and to list (sp)."


def host_problem(address: str) -> str | None:
    """Find what keeps the app from connecting to the host of an address; None if nothing does."""
    if len(address) > MAX_LENGTH or not _PRINTABLE.fullmatch(address):
        return f"It has to be at most {MAX_LENGTH} printable characters of ASCII, none of them a space."
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return "It is no address."
    if "@" in parts.netloc:
        return "It must not have a user or a password."
    if parts.netloc.lower() not in (host, f"[{host}]", f"{host}:{port}", f"[{host}]:{port}"):
        return "It is no address."
    if (parts.scheme == "https" and _NAME.fullmatch(host)) or (parts.scheme == "http" and names_this_machine(host)):
        return None
    return "It has to be https://, and a host by its name; http:// is for the container of a loop on this machine only."


def is_on_this_machine(address: str) -> bool:
    """Whether an address that has no problem is one of this machine, which only a loop on one machine may copy to."""
    return urlsplit(address).scheme == "http"


def hide_secret(address: str) -> str:
    """Write an address without what permits to write there; a text that is no such address may be anything."""
    if not address:
        return ""
    if _address_problem(address) is not None:
        return "(hidden)"
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.hostname}{parts.path}?(hidden)"


def _address_problem(address: str) -> str | None:
    """Find what keeps an address from being that of a container with its signature."""
    if not address:
        return "It is missing."
    if (text := host_problem(address)) is not None:
        return text
    parts = urlsplit(address)
    return _path_problem(parts) or _query_problem(parse_qs(parts.query))


def _path_problem(parts: SplitResult) -> str | None:
    *account, container = parts.path.strip("/").split("/")
    if len(account) != int(parts.scheme == "http") or not _CONTAINER.fullmatch(container):
        return "It has to be the address of a container, without a blob's name behind it."
    return None


def _query_problem(query: dict[str, list[str]]) -> str | None:
    if "sig" not in query:
        return "It has no signature (sig)."
    if query.get("sr", ["c"])[0] != "c":
        return "Its signature is not that of a container (sr=c)."
    return None


def _rights(address: str) -> set[str] | None:
    """What a signature allows, a letter each; None if a stored policy says so."""
    query = parse_qs(urlsplit(address).query)
    return None if "si" in query else set(query.get("sp", [""])[0])
