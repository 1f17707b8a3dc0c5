"""Readers of the texts of settings: each gives the value, or raises ValueError with what the text must be.

None repeats the text: what is wrong with a setting is told to everyone.
"""

import re
from collections.abc import Callable
from urllib.parse import urlsplit

from shared import durations
from shared.schedules import longest_pause_us
from shared.times import DAY, MINUTE

_ID = "72f988bf-86f1-41af-91ab-2d7cd011db47"


def read_tenant(text: str) -> str:
    """Read the id of a tenant; empty for none."""
    return _read_id(text, f"must be the tenant's id, such as {_ID}, and not its name")


def read_client(text: str) -> str:
    """Read the id of an application; empty for none."""
    return _read_id(text, f"must be the application (client) id, such as {_ID}")


def _read_id(text: str, advice: str) -> str:
    if not re.fullmatch(r"|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text.lower()):
        raise ValueError(advice)
    return text.lower()


def read_authority(text: str) -> str:
    """Read the address of an issuer of tokens, without the slash at its end."""
    if not re.match(r"https://[\w.-]|http://(127\.0\.0\.1|localhost)[:/]", text) or not is_address(text):
        raise ValueError("must be an address that begins with https://")
    return text.rstrip("/")


def is_address(text: str) -> bool:
    """Whether a text is the address of a service, with a host and perhaps a port, and without a name or a password."""
    try:
        split = urlsplit(text)
        host, _ = split.hostname, split.port
    except ValueError:  # the port is no number, or brackets hold no address
        return False
    is_host = re.fullmatch(r"[\w.:-]+", host or "", re.ASCII) is not None
    return split.scheme in ("http", "https") and is_host and "@" not in split.netloc


def between(shortest: int, longest: int) -> Callable[[str], int]:
    """The reader of a length of time within bounds; all in microseconds."""

    def read(text: str) -> int:
        length = durations.parse(text)
        if not shortest <= length <= longest:
            raise ValueError(f"must be from {durations.to_iso(shortest)} to {durations.to_iso(longest)}")
        return length

    return read


def read_span(text: str) -> int:
    """Read the span of an intake table, in microseconds."""
    length = durations.parse(text)
    if length < MINUTE or length % MINUTE or DAY % length:
        raise ValueError("must be whole minutes that divide a day, such as PT10M, PT1H or P1D")
    return length


def read_schedule(text: str) -> str:
    """Read an NCRONTAB expression; days, months and weekdays are not checked."""
    try:
        longest_pause_us(text)
    except ValueError as error:
        raise ValueError(
            "must be an NCRONTAB expression of six fields, seconds first, such as 0 */5 * * * *"
        ) from error
    return text


def read_shards(text: str) -> int:
    """Read a number of shards."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= 100):
        raise ValueError("must be a whole number from 1 to 100")
    return int(text)


def read_rate(text: str) -> int:
    """Read a number of calls a second; 0 for no limit."""
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= 10_000):
        raise ValueError("must be a whole number from 0 to 10000")
    return int(text)


def read_flag(text: str) -> bool:
    """Read true or false, in upper or lower case."""
    if text.lower() not in ("true", "false"):
        raise ValueError("must be true or false")
    return text.lower() == "true"


def read_fingerprints(text: str) -> tuple[str, ...]:
    """Read fingerprints of certificates as tools print them, with colons or without, in upper or lower case."""
    fingerprints = tuple(text.replace(":", "").replace(",", " ").replace(";", " ").lower().split())
    if not all(re.fullmatch("[0-9a-f]{64}", fingerprint) for fingerprint in fingerprints):
        raise ValueError("must be fingerprints of certificates, 64 hexadecimal digits each, with commas between")
    return fingerprints
