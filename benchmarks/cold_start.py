"""`cold-start`: from the start of the host's process to its first Rank, against the bare imports of its libraries.

The loop exists and has a model. Ours is the local host with the production worker library: start, index the functions,
listen, read configuration and model, rank, write, answer. Compiled modules are there for both sides.
"""

import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks import servers
from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from benchmarks.rounds import alternate
from benchmarks.storage import start_storage
from localhost.environment import ROOT, clean_environment
from localhost.failures import StartFailure
from localhost.ports import bind

ROUNDS = 9
_IMPORTS = "import vowpalwabbit, azure.functions, azure_functions_runtime, pydantic, aiohttp, uvicorn"
_SECONDS = 60.0
_PAUSE = 0.002


def measure(progress: Progress, rounds: int = ROUNDS) -> list[Figure]:
    """Measure milliseconds of both sides."""
    with start_storage() as storage:
        progress.show("training a model")
        environment = {**clean_environment(), **servers.train_loop(storage)}
        start(environment)
        imports(environment)
        ours, bare = alternate(progress, rounds, lambda: start(environment), lambda: imports(environment))
        breakdown = _breakdown(environment)
    return [
        Figure(
            "cold-start",
            "process start to the first Rank answered",
            "ms",
            ours,
            bare,
            "bare imports",
            Goal("at most", 2),
            breakdown,
        )
    ]


def start(environment: Mapping[str, str], output: Any = subprocess.DEVNULL) -> float:
    """Start a host; gives the milliseconds until it has answered a Rank, and ends it."""
    with bind(0) as free:
        port = free.getsockname()[1]
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "localhost", "serve", "--port", str(port)],
        cwd=ROOT,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=output,
    )
    try:
        _rank(f"http://127.0.0.1:{port}", process)
        return 1000 * (time.perf_counter() - began)
    finally:
        process.terminate()
        process.wait(_SECONDS)


def _rank(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _SECONDS
    while True:
        try:
            if servers.ask(url, f"cold-{process.pid}")["modelless"]:
                raise StartFailure("The first Rank was answered without the model.")
            return
        except ConnectionError as error:
            if process.poll() is not None or time.monotonic() > until:
                raise StartFailure(f"The host did not start: {error}") from error
            time.sleep(_PAUSE)


def imports(environment: Mapping[str, str], output: Any = subprocess.DEVNULL) -> float:
    """Import the libraries; gives the milliseconds until that is done."""
    began = time.perf_counter()
    command = [sys.executable, "-c", f"{_IMPORTS}; print(flush=True); import os; os._exit(0)"]
    process = subprocess.Popen(command, cwd=ROOT, env=dict(environment), stdout=subprocess.PIPE, stderr=output)
    with process:
        if process.stdout is None or process.stdout.readline() != b"\n":
            raise StartFailure("The libraries cannot be imported.")
        return 1000 * (time.perf_counter() - began)


def _breakdown(environment: Mapping[str, str]) -> dict[str, Any]:
    """Where the time above the bare imports goes: own time of modules by package, as `-X importtime` prints it."""
    with tempfile.TemporaryDirectory(prefix="rankloop-bench-") as folder:
        sides = []
        for number, side in enumerate((start, imports)):
            file = Path(folder, str(number))
            with file.open("wb") as output:
                side({**environment, "PYTHONPROFILEIMPORTTIME": "1"}, output)
            sides.append(_by_package(file.read_text(errors="replace")))
    ours, bare = sides
    more = Counter({name: ours[name] - bare[name] for name in ours if ours[name] - bare[name] >= 2})
    return {
        "ms of imports, ours": sum(ours.values()),
        "ms of imports, bare": sum(bare.values()),
        "ms of imports above the bare ones": dict(more.most_common(12)),
    }


def _by_package(text: str) -> Counter[str]:
    milliseconds: Counter[str] = Counter()
    for line in text.splitlines():
        parts = line.removeprefix("import time:").split("|")
        if line.startswith("import time:") and len(parts) == 3 and parts[0].strip().isdigit():
            name = parts[2].strip().split(".")
            milliseconds[".".join(name[:2]) if name[0] in ("azure", "shared") else name[0]] += int(parts[0])
    return Counter({name: micros / 1000 for name, micros in milliseconds.items()})
