"""Names of policies that an evaluation reserves for its own."""

import re

ONLINE, FIRST, RANDOM = "online", "baseline1", "baselineRand"
"""The policies in use; always the first action; any action, all with the same probability."""

_OWN = re.compile(rf"{ONLINE}|{FIRST}|{RANDOM}|Hyper\d*|Inter-len\d*", re.IGNORECASE | re.ASCII)


def is_own(name: str) -> bool:
    """Whether a name is reserved for policies that the evaluation itself adds or searches, in any letter case."""
    return _OWN.fullmatch(name) is not None
