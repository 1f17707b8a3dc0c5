"""Lines of the host's log in each style."""

import json
import logging
import re
import sys

from localhost.host.log_lines import LogStyle


def failure(**more: object) -> logging.LogRecord:
    """The record of something that failed, with a line break in its message."""
    record = logging.LogRecord("toy", logging.ERROR, __file__, 1, "%s failed:\n%s", ("read", "no such row"), None)
    vars(record).update(more)
    return record


def of_function() -> logging.LogRecord:
    """A function's failure, whose traceback is a text."""
    place = 'Traceback (most recent call last):\n  File "/app/toy/rows.py", line 12, in read\n    raise KeyError\n'
    return failure(traceback=place)


def of_exception() -> logging.LogRecord:
    """A failure that is logged with its exception."""
    try:
        raise ValueError("more\nthan it takes")
    except ValueError:
        return failure(exc_info=sys.exc_info())


def test_for_people_a_failure_is_one_line_with_its_place() -> None:
    lines = [LogStyle.SHORT.formatter().format(record) for record in (of_function(), of_exception())]

    end = r"; --json has the traceback"
    assert re.fullmatch(rf"\d\d:\d\d:\d\d ERROR read failed:\\nno such row at rows\.py:12{end}", lines[0])
    assert re.search(rf"no such row: ValueError: more than it takes at test_log_lines\.py:\d+{end}$", lines[1])
    assert "\n" not in "".join(lines)


def test_for_programs_a_failure_has_its_traceback() -> None:
    documents = [json.loads(LogStyle.JSON.formatter().format(record)) for record in (of_function(), of_exception())]

    assert [document["message"] for document in documents] == ["read failed:\nno such row"] * 2
    assert documents[0]["traceback"].endswith("raise KeyError")
    assert documents[1]["traceback"].endswith("ValueError: more\nthan it takes")
    assert documents[0].keys() == {"time", "level", "logger", "message", "traceback"}
    assert "\n" not in LogStyle.JSON.formatter().format(of_function())


def test_in_full_a_traceback_stands_below() -> None:
    first, *below = LogStyle.FULL.formatter().format(of_function()).split("\n")

    assert re.fullmatch(r"\S+Z ERROR    toy: read failed:\\nno such row", first)
    assert below[-1] == "        raise KeyError"
