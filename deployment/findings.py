"""What a check says of a loop that works, from what the loop says of itself."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from localhost.setup.programs import say

OWN = re.compile(r"1 event waits to be learned\.|No Rank call has come in yet\.")
"""How the loop says that no event but that of the check is there."""
_OWN_ONLY = "nothing but the event of this check has come in yet, and from that one nothing is learned."


def print_findings(endpoint: str, status: Mapping[str, Any], environment: Mapping[str, str]) -> None:
    """Say what a user needs next: the address, whether it learns, what to look at, how to see the keys."""
    warnings = [warning for warning in status.get("warnings") or () if isinstance(warning, dict)]
    say(f"The loop works{', with warnings' if warnings else ''}.")
    for warning in warnings:
        say(f"  Warning   {warning.get('code')}: {warning.get('message')} {warning.get('whatToDo', '')}".rstrip())
    say(f"  Endpoint  {endpoint}")
    say(f"  Learning  {'yes' if status.get('learning') else 'not yet'}: {_because(status)}")
    if environment.get("RANKLOOP_SHOW_KEYS"):
        say(f"  Keys      {environment['RANKLOOP_SHOW_KEYS']}")


def _because(status: Mapping[str, Any]) -> str:
    """Why it learns or not; the event of the check itself, if there is no other, would only mislead."""
    reason = str(status["because"])
    return _OWN_ONLY if OWN.match(reason) else reason
