"""A side of a benchmark in a process of its own: nothing that ran before it is in its memory or its caches.

`python -m benchmarks.sides MODULE FUNCTION` calls a function with the JSON object of standard input as its keywords,
and prints the JSON of what it gives.
"""

import importlib
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.failures import SideFailed
from localhost.environment import ROOT, clean_environment
from shared.storage.paths import DEFAULT, in_loop

_SECONDS = 1200


def run(side: Callable[..., Any], settings: Mapping[str, str], **keywords: Any) -> Any:
    """Call a function in a new process whose environment has these settings; gives what it returns."""
    command = [sys.executable, "-m", "benchmarks.sides", side.__module__, side.__name__]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env={**clean_environment(), **settings},
        input=json.dumps(keywords),
        capture_output=True,
        text=True,
        timeout=_SECONDS,
        check=False,
    )
    if ended.returncode:
        raise SideFailed(f"{side.__name__} failed:\n{ended.stderr[-3000:]}")
    return json.loads(ended.stdout.splitlines()[-1])


def main() -> None:
    """Be such a process."""
    function = getattr(importlib.import_module(sys.argv[1]), sys.argv[2])
    with in_loop(DEFAULT):
        print(json.dumps(function(**json.load(sys.stdin))))


if __name__ == "__main__":
    main()
