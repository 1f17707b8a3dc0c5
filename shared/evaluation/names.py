"""How the policies of an evaluation may be named."""

import re

ONLINE, FIRST, RANDOM = "online", "baseline1", "baselineRand"
"""What was done; always the first action; any action, all with the same chance."""

_OWN = re.compile(rf"{ONLINE}|{FIRST}|{RANDOM}|Hyper\d*|Inter-len\d*", re.IGNORECASE | re.ASCII)


def is_own(name: str) -> bool:
    """Whether it is a name for policies that the evaluation itself adds or finds, in capitals or not."""
    return _OWN.fullmatch(name) is not None
