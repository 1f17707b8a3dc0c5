"""What ends the demo early."""

import json


class DemoFailed(Exception):
    """The demo cannot go on; the message says why, in one or a few lines."""


def refusal(what: str, status: int, body: str) -> DemoFailed:
    """A call that was not answered as it should be, in the words of the service where there are any."""
    try:
        reason = json.loads(body)["error"]["message"]
    except (ValueError, KeyError, TypeError):
        reason = body.strip() or "no reason given"
    return DemoFailed(f"{what} was answered {status}: {reason}")
