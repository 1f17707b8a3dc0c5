"""Logs of the host: one line an event on standard error, without bodies and without keys.

A failure of a function carries its traceback on the lines below.
"""

import logging
import sys
import time
from collections.abc import Mapping

from localhost.failures import StartFailure

_LEVELS = {
    "trace": logging.DEBUG,
    "debug": logging.DEBUG,
    "information": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
    "critical": logging.CRITICAL,
    "none": logging.CRITICAL + 10,
}
_QUIET = ("azure", "azure.functions", "msal", "uvicorn.error", "asyncio", "aiohttp.access", "urllib3")


class LineFormatter(logging.Formatter):
    """Writes time (UTC), level, logger and message; line breaks inside a message are written as `\\n`."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self) -> None:
        """Set the order of the parts."""
        super().__init__("%(asctime)s %(levelname)-8s %(name)s: %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Write the record's first line."""
        first, *below = record.message.rstrip().split("\n")
        shown = below if getattr(record, "traceback_below", False) else []
        record.message = first if shown else "\\n".join([first, *below])
        return "\n    ".join([super().formatMessage(record), *shown])


def set_up_logs(levels: Mapping[str, str]) -> None:
    """Send all logs to standard error, at the levels of `host.json`.

    Args:
        levels: By category of the platform; `default`, `Host` (the local host itself) and the most talkative of
            `Function` and `Function.….User` (all else) count. Which function a line comes from is not known here.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(LineFormatter())
    default = levels.get("default", "Information")
    of_functions = [level for name, level in levels.items() if name.startswith("Function.") and name.endswith(".User")]
    level = min(map(_level, [levels.get("Function", default), *of_functions]))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("localhost").setLevel(_level(levels.get("Host", default)))
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger("azure.functions").addFilter(_is_no_repetition)


def _level(name: str) -> int:
    try:
        return _LEVELS[name.lower()]
    except (KeyError, AttributeError) as error:
        levels = ", ".join(level.title() for level in _LEVELS)
        raise StartFailure(f"host.json names an unknown log level {name!r}.", f"Use one of {levels}.") from error


def _is_no_repetition(record: logging.LogRecord) -> bool:
    """Drop the library's own report of a failed call: the host reports the same with the function's name."""
    return record.msg != "Native invocation failed"
