"""Lengths of time as clients write them: ISO 8601, or the .NET time span of the oldest clients."""

import re
from functools import lru_cache

from shared.times import DAY, HOUR, MINUTE, SECOND

_ISO = re.compile(r"(-)?P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.(\d{1,7}))?S)?)?", re.ASCII)
_TIME_SPAN = re.compile(r"(-)?(?:(\d+)\.)?(\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,7}))?", re.ASCII)


@lru_cache(64)
def parse(text: str) -> int:
    """Read the microseconds of `PT10M`, `P28D`, `PT1H30M`, or of the .NET form `00:10:00`, `1.00:00:00`.

    Raises:
        ValueError: The text is neither; years and months have no fixed length and are refused too.
    """
    if len(text) > 40:
        raise ValueError("a duration has at most 40 characters")
    if (match := _TIME_SPAN.fullmatch(text)) is not None:
        sign, days, hours, minutes, seconds, fraction = match.groups()
        weeks = None
    elif (match := _ISO.fullmatch(text)) is not None and text[-1] not in "PT":
        sign, weeks, days, hours, minutes, seconds, fraction = match.groups()
    else:
        raise ValueError("not an ISO 8601 duration such as PT10M")
    whole = int(weeks or 0) * 7 * DAY + int(days or 0) * DAY + int(hours or 0) * HOUR
    whole += int(minutes or 0) * MINUTE + int(seconds or 0) * SECOND + int((fraction or "").ljust(6, "0")[:6])
    return -whole if sign else whole


def to_iso(length_us: int) -> str:
    """Write the shortest usual ISO 8601 form of a length that is not negative: `PT10M`, `P28D`, `PT1H30M`, `PT0S`."""
    days, rest = divmod(length_us, DAY)
    hours, rest = divmod(rest, HOUR)
    minutes, rest = divmod(rest, MINUTE)
    seconds, micros = divmod(rest, SECOND)
    fraction = f".{micros:06}".rstrip("0") if micros else ""
    clock = f"{hours}H" * (hours > 0) + f"{minutes}M" * (minutes > 0)
    clock += f"{seconds}{fraction}S" * (seconds > 0 or micros > 0)
    text = (f"{days}D" if days else "") + (f"T{clock}" if clock else "")
    return f"P{text}" if text else "PT0S"


def as_sent(text: str) -> str:
    """Give a duration as the service answers it: ISO 8601 stays as sent, a .NET time span becomes ISO 8601."""
    length = parse(text)
    return text if text.lstrip("-").startswith("P") else to_iso(length)


def in_words(length_us: int) -> str:
    """Write a length as people say it, such as `10 minutes` or `1 hour 30 minutes`."""
    units = (("day", DAY), ("hour", HOUR), ("minute", MINUTE), ("second", SECOND))
    parts: list[str] = []
    rest = length_us
    for name, unit in units:
        number, rest = divmod(rest, unit)
        if number:
            parts.append(f"{number} {name}{'s' * (number > 1)}")
    return " ".join(parts[:2]) or "less than a second"
