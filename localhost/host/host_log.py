"""Logs of the host: one line an event on standard error, without bodies and without keys."""

import logging
import sys
from collections.abc import Mapping

from localhost.failures import StartFailure
from localhost.host.log_lines import LogStyle

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

_RECORDS = ("rankloop.run", "rankloop.calls")
"""The loggers of the records of runs and calls, which are JSON for charts and alerts."""


def set_up_logs(levels: Mapping[str, str], style: LogStyle = LogStyle.FULL) -> None:
    """Send all logs to standard error, at the levels of `host.json`.

    Args:
        levels: By category of the platform; `default`, `Host.Results` or else `Host` (the local host itself, which
            tells of requests) and the most talkative of `Function` and `Function.….User` (all else) count. Which
            function a line comes from is not known here.
        style: Short lines leave out what is JSON in itself, the records: other lines say the same for people.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(style.formatter())
    if style is LogStyle.SHORT:
        handler.addFilter(lambda record: record.name not in _RECORDS)
    default = levels.get("default", "Information")
    of_functions = [level for name, level in levels.items() if name.startswith("Function.") and name.endswith(".User")]
    level = min(map(_level, [levels.get("Function", default), *of_functions]))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger("localhost").setLevel(_level(levels.get("Host.Results", levels.get("Host", default))))
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
