"""Values made up to do harm: texts, numbers, moments, and what a feature may be."""

import random
from collections.abc import Callable, Sequence
from typing import Any

TEXTS = (
    *(
        "",
        " ",
        "a",
        "_a",
        ".",
        "..",
        "|",
        "a|b",
        "a:b",
        "a:1e9",
        ":",
        "a b",
        "a\tb",
        "a\nb",
        "\r\n\r\nshared",
        "#",
        "'",
        '"',
    ),
    *(
        "|j x:1",
        "0:-1:0.5 | a",
        "shared |User a",
        "{}",
        "[]",
        "null",
        "true",
        "NaN",
        "-inf",
        "\\",
        "\\u0000",
        "%00",
        "%2e%2e",
    ),
    *(
        "\x00",
        "\x01\x02",
        "\x7f",
        "\x1b[2J",
        "\u200f",
        "\ufeff",
        "\U0001f4a5",
        "\udc80",
        "\ud83d",
        "ı",
        "ß",
        "a\u0301",
        "\u2028",
    ),
    *(
        "_label_cost",
        "_tag",
        "__proto__",
        "Mode",
        '"Mode":"Apprentice"',
        '"DeferredAction":true',
        "_original_label_cost",
    ),
    *(
        "../../loops/default/state.json",
        "a'; drop",
        "' or 1 eq 1",
        "$batch",
        "*",
        "{eventId}",
        "${7*7}",
        "<script>",
        "=1+1",
    ),
    *("a" * 255, "a" * 256, "a" * 257, "|" * 256, "é" * 256, "\U0001f4a5" * 128, "x" * 5_000),
)
NUMBERS: tuple[Any, ...] = (
    *(0, -0.0, 1, -1, 0.5, 1e-310, 1e300, -1e300, 1.7976931348623157e308, 2**31, 2**53 + 1, 2**63, -(2**63) - 1, 2**64),
    *(10**30, 1e-9, 1000, 1000.0001, -1000, 999_999_999, 0.1 + 0.2),
)
GOOD_MOMENTS = ("2026-11-25", "2026-11-25T12:00:00Z", "2026-11-29T00:00:00+01:00", "2100-01-01T00:00:00Z", "2026-12-31")
MOMENTS = (
    *("2026-11-25T12:00:00+23:59", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"),
    *(
        "2026-02-30T00:00:00Z",
        "2026-11-25T24:00:00Z",
        "1601-01-01T00:00:00",
        "99999-01-01",
        "now",
        "2100-01-01T00:00:00Z",
    ),
    *("2026-11-25T12:00:00.1234567891Z", "2026-W48-3", "-2026-01-01", "2026-11-25T12:00:00-99:99", "2026"),
)
GOOD_DURATIONS = ("PT10M", "PT5M", "PT30S", "P1D", "P28D", "00:10:00")
DURATIONS = (
    *("PT5S", "P30D", "PT0S", "-PT1S", "P1Y", "99999.00:00:00", "PT1e9S", "P", "PT"),
    *("PT99999999999999999999S", "PT0.0000001S", "24:00:00", "P3650D", "PT4M"),
)
CONTAINERS = (
    *("", "http://127.0.0.1:1/c?sp=w&sig=a", "https://127.0.0.1/c?sp=w&sig=a", "https://169.254.169.254/c?sp=w&sig=a"),
    *(
        "https://[::1]/c?sp=cw&sig=a",
        "https://user:password@host.invalid/c?sp=w&sig=a",
        "https://a\r\nHost: b/c?sp=w&sig=a",
    ),
    *(
        "https://host.invalid/c?sp=w&sig=a",
        "https://0x7f.1/c?sp=w&sig=a",
        "file:///etc/passwd",
        "https://",
        "ftp://a/c",
    ),
)
WORDS = (
    *(
        "Online",
        "Apprentice",
        "LoggingOnly",
        "earliest",
        "average",
        "median",
        "sum",
        "min",
        "max",
        "rank",
        "read",
        "admin",
    ),
    *("online", "APPRENTICE", "owner", "Baseline", "apprent\u0131ce"),
)


def text(chance: random.Random) -> str:
    """One of the texts, or two of them in one."""
    return chance.choice(TEXTS) if chance.random() < 0.7 else chance.choice(TEXTS) + chance.choice(TEXTS)


def plain(chance: random.Random) -> str:
    """A text that does no harm, one of few, so that calls meet what others have made."""
    return f"item-{chance.randrange(40)}"


def mostly_plain(chance: random.Random) -> str:
    """A text that does no harm, but for one in twenty."""
    return plain(chance) if chance.random() < 0.95 else text(chance)


def either(good: Sequence[Any], bad: Sequence[Any], chance: random.Random) -> Any:
    """One that is mostly taken, or, one in eight, one that is mostly not."""
    return chance.choice(good if chance.random() < 0.875 else bad)


def number(chance: random.Random) -> Any:
    """A number, half of them ordinary."""
    return round(chance.uniform(-1, 1), 3) if chance.random() < 0.5 else chance.choice(NUMBERS)


def features(chance: random.Random, depth: int = 0) -> Any:
    """An object of features, with what is none in some of them."""
    return {mostly_plain(chance): _feature(chance, depth) for _ in range(chance.choice((1, 1, 2, 3, 10)))}


def _feature(chance: random.Random, depth: int) -> Any:
    kinds: tuple[Callable[[], Any], ...] = (
        lambda: mostly_plain(chance),
        lambda: number(chance),
        lambda: chance.random() < 0.5,
        lambda: [number(chance) for _ in range(chance.randrange(5))],
        lambda: features(chance, depth + 1) if depth < 8 else None,
        lambda: None,
    )
    return chance.choices(kinds, (6, 5, 2, 1, 2, 0.3))[0]()
