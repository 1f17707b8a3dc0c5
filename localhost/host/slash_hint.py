"""A word to those whose client was given an endpoint with a slash at its end."""

import logging
import time

_log = logging.getLogger(__name__)
_PAUSE_SECONDS = 60.0
_TEXT = (
    "a path began with two slashes: no function is asked for it, here as in Azure, and the answer is 404. "
    "The endpoint that the client was given ends in a slash: take that slash away."
)


class SlashHint:
    """Says in the log why such calls find no function, at most once a minute."""

    def __init__(self) -> None:
        """Begin silent."""
        self._silent_until = 0.0

    def consider(self, raw_path: bytes) -> None:
        """Say why the path found no function, if that is the reason."""
        now = time.monotonic()
        if raw_path.startswith(b"//") and now >= self._silent_until:
            self._silent_until = now + _PAUSE_SECONDS
            _log.warning(_TEXT)
