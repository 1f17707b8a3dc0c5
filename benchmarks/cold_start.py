"""`cold-start`: from the start of a process to its first Rank, against the bare imports of its libraries.

The loop exists and has a model. Ours is the local host with the production worker library: start, index the functions,
listen, read configuration and model, rank, write, answer. The same once more in the worker that the Functions host
starts, as that host asks for it over gRPC; there, the other side is the same worker with an app whose one function is
empty, and which imports the libraries. Compiled modules are there for all sides.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import examples, servers
from benchmarks.figures import Figure, Goal
from benchmarks.progress import Progress
from benchmarks.rounds import alternate
from benchmarks.rpc.host import EMPTY_APP, Call, start_worker
from benchmarks.storage import start_storage
from localhost.environment import ROOT, clean_environment
from localhost.failures import StartFailure
from localhost.ports import bind

ROUNDS = 9
_IMPORTS = "import vowpalwabbit, azure.functions, azure_functions_runtime, pydantic, aiohttp, uvicorn"
_IMPORTS_IN_WORKER = "vowpalwabbit azure.functions pydantic"
"""The same without what is the local host's; the worker library is there already."""
_ANSWER_BYTES = 3000
_SECONDS = 60.0
_PAUSE = 0.002


def measure(progress: Progress, rounds: int = ROUNDS) -> list[Figure]:
    """Measure milliseconds of both sides, with the local host and in the worker."""
    with start_storage() as storage:
        progress.show("training a model")
        environment = {**clean_environment(), **servers.train_loop(storage)}
        turns = [partial(side, environment) for side in (start, imports, start_in_worker, import_in_worker)]
        for turn in turns:
            turn()
        ours, bare, in_worker, bare_in_worker = alternate(progress, rounds, *turns)
        breakdown = _breakdown(environment)
    goal, what, against = Goal("at most", 1.3), "process start to the first Rank answered", "bare imports"
    return [
        Figure("cold-start", what, "ms", ours, bare, against, goal, breakdown),
        Figure("cold-start", f"the same in the gRPC worker: {what}", "ms", in_worker, bare_in_worker, against, goal),
    ]


def start_in_worker(environment: Mapping[str, str]) -> float:
    """Start a worker; gives the milliseconds until it has answered a Rank, and ends it."""
    began = time.perf_counter()
    with start_worker(environment) as host:
        host.load(ROOT)
        body = json.dumps({**examples.body(10, 0), "eventId": f"cold-{host.pid}"}).encode()
        answer = host.call(Call("rank_v1_0", examples.PATH.strip("/"), body)).return_value.http
        milliseconds = 1000 * (time.perf_counter() - began)
    if answer.status_code != "201" or servers.is_modelless(json.loads(answer.body.bytes)):
        raise StartFailure(f"The first Rank was answered with {answer.status_code}, or without the model.")
    return milliseconds


def import_in_worker(environment: Mapping[str, str]) -> float:
    """Start a worker with the empty app; gives the milliseconds until it has answered a call."""
    began = time.perf_counter()
    more = {"IMPORTS": _IMPORTS_IN_WORKER, "ANSWER_BYTES": f"{_ANSWER_BYTES}"}
    with start_worker({**environment, **more}) as host:
        host.load(EMPTY_APP)
        host.call(Call("empty", "empty", b"{}"))
        return 1000 * (time.perf_counter() - began)


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
