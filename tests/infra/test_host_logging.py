"""What the platform keeps of its own log and of the functions': the levels and the sampling of `host.json`."""

import json
import re
import subprocess
import sys
from typing import Any

import pytest

from localhost.environment import ROOT
from shared.status import run_record
from tests.unit.test_docs import index

LEVELS = ("Trace", "Debug", "Information", "Warning", "Error", "Critical", "None")
_LOGGING: dict[str, Any] = json.loads((ROOT / "host.json").read_text(encoding="utf-8"))["logging"]
_LOCAL = """
import json, logging, sys
from localhost.host.host_log import set_up_logs
set_up_logs(json.loads(sys.argv[1]))
names = ("", "localhost", "azure", "rankloop.run")
print(json.dumps({name: logging.getLogger(name).getEffectiveLevel() for name in names}))
"""


def is_logged(category: str, level: str) -> bool:
    """Whether the platform keeps a line: the longest name that a category begins with decides.

    A name may have one `*` in it, for any text.

    Source: the filter rules of the platform's log, which are those of .NET.
    """
    levels: dict[str, str] = _LOGGING["logLevel"]
    fitting = [name for name in levels if re.match(rf"{re.escape(name).replace(r'\*', '.*')}(\.|\Z)", category)]
    least = levels[max(fitting, key=len, default="default")]
    return LEVELS.index(level) >= LEVELS.index(least)


@pytest.mark.parametrize("name", index()[0])
def test_a_call_costs_no_line_of_the_platform(name: str) -> None:
    """It would write two for every call: that it executes a function, and that it has."""
    assert not is_logged(f"Function.{name}", "Information")
    assert is_logged(f"Function.{name}", "Error")
    assert is_logged(f"Function.{name}.User", "Warning")


@pytest.mark.parametrize("name", index()[0])
def test_the_records_of_runs_and_calls_are_kept(name: str) -> None:
    """All of them: of a sample, no sum would be right."""
    sampling = _LOGGING["applicationInsights"]["samplingSettings"]

    assert is_logged(f"Function.{name}.User", "Information")
    assert "Trace" in sampling["excludedTypes"].split(";")


@pytest.mark.parametrize("category", ["Host.Startup", "Host.Function.Console", "Host.General", "Microsoft.Hosting"])
def test_a_start_writes_no_line_for_each_function(category: str) -> None:
    """Where an app may be at zero after half a minute, starts are many; what goes wrong in one is told."""
    assert not is_logged(category, "Information")
    assert is_logged(category, "Warning")


def test_a_name_has_one_star_at_most() -> None:
    """The platform would not start with two."""
    assert all(name.count("*") <= 1 for name in _LOGGING["logLevel"])


def test_requests_are_kept_and_may_be_sampled_and_exceptions_may_not() -> None:
    """A request says with `ItemCount` how many requests it represents."""
    sampling = _LOGGING["applicationInsights"]["samplingSettings"]

    assert is_logged("Host.Results", "Information")
    assert sampling["isEnabled"] is True
    assert sampling["excludedTypes"].split(";") == ["Trace", "Exception"]


def test_every_level_is_one_that_the_platform_knows() -> None:
    """An unknown one keeps the host from starting."""
    assert set(_LOGGING["logLevel"].values()) <= set(LEVELS)


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        (_LOGGING["logLevel"], {"": 20, "localhost": 20, "azure": 30, run_record.NAME: 20}),
        ({"default": "Debug"}, {"": 10, "localhost": 10, "azure": 30, run_record.NAME: 10}),
        ({"Host": "Error"}, {"": 20, "localhost": 40, "azure": 30, run_record.NAME: 20}),
        ({"Function": "Error", "Function.a": "Debug"}, {"": 40, "localhost": 20, "azure": 30, run_record.NAME: 40}),
        (
            {"Function": "Error", "Function.a.User": "Debug"},
            {"": 10, "localhost": 20, "azure": 30, run_record.NAME: 10},
        ),
    ],
)
def test_the_local_host_shows_what_functions_say(levels: dict[str, str], expected: dict[str, int]) -> None:
    """It cannot separate one function's lines from another's, so the most talkative of their levels holds."""
    command = [sys.executable, "-c", _LOCAL, json.dumps(levels)]
    output = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert json.loads(output) == expected
