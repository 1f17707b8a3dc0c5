"""Lines of the host's log: in full, short for people, or as JSON for programs."""

import json
import logging
import re
import time
from enum import StrEnum

_PLACE = re.compile(r'File "[^"]*?([^"/\\]+)", line (\d+)')


class LogStyle(StrEnum):
    """How log lines are written: in full, with logger and traceback; short; or as JSON objects with everything."""

    FULL = "full"
    SHORT = "short"
    JSON = "json"

    def formatter(self) -> logging.Formatter:
        """Make what writes lines so."""
        return {LogStyle.FULL: FullLines, LogStyle.SHORT: ShortLines, LogStyle.JSON: JsonLines}[self]()


class FullLines(logging.Formatter):
    """Writes time (UTC), level, logger and message, line breaks inside a message as `\\n`, and below a traceback."""

    converter = staticmethod(time.gmtime)
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def format(self, record: logging.LogRecord) -> str:
        """Write the record."""
        first = f"{self.formatTime(record)} {record.levelname:8} {record.name}: {_message(record)}"
        return "\n    ".join([first, *_traceback(record).splitlines()])


class ShortLines(logging.Formatter):
    """Writes the time of day (UTC), the level of a warning or an error, and the message; of a traceback, the place."""

    converter = staticmethod(time.gmtime)

    def format(self, record: logging.LogRecord) -> str:
        """Write the record."""
        level = f"{record.levelname} " if record.levelno >= logging.WARNING else ""
        return f"{self.formatTime(record, '%H:%M:%S')} {level}{_message(record)}{_summary(record)}"


class JsonLines(logging.Formatter):
    """Writes an object with `time`, `level`, `logger`, `message`, and `traceback` or the fields of a request."""

    converter = staticmethod(time.gmtime)
    default_time_format = FullLines.default_time_format
    default_msec_format = FullLines.default_msec_format

    def format(self, record: logging.LogRecord) -> str:
        """Write the record."""
        line = {"time": self.formatTime(record), "level": record.levelname, "logger": record.name}
        traceback = {"traceback": text} if (text := _traceback(record)) else {}
        return json.dumps({**line, "message": record.getMessage(), **traceback, **getattr(record, "request", {})})


def _message(record: logging.LogRecord) -> str:
    return "\\n".join(record.getMessage().rstrip().split("\n"))


def _traceback(record: logging.LogRecord) -> str:
    """Give the traceback of a function that failed, or of the exception that is logged; empty without one."""
    if record.exc_info:
        return logging.Formatter().formatException(record.exc_info)
    return str(getattr(record, "traceback", "")).rstrip()


def _summary(record: logging.LogRecord) -> str:
    """Tell of an exception its class, its text and its place, in one line."""
    if not (traceback := _traceback(record)):
        return ""
    error = record.exc_info[1] if record.exc_info else None
    text = f": {type(error).__name__}: {error}" if error else ""
    place = "".join(f" at {file}:{line}" for file, line in _PLACE.findall(traceback)[-1:])
    return f"{' '.join(text.split())}{place}; --json has the traceback"
