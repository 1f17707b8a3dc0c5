"""The servers of a benchmark: the product's host, and the home-made one."""

import http.client
import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from benchmarks import backlog, examples, sides
from benchmarks.storage import KEY, Storage
from localhost.environment import ROOT, clean_environment
from localhost.failures import StartFailure
from localhost.host.host_process import HostProcess
from localhost.ports import bind

_SECONDS, _CALL_SECONDS = 30.0, 60.0


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs.

    Attributes:
        url: Without a slash at its end.
        pid: Of its only process.
        read_log: Gives all that it has logged so far.
    """

    url: str
    pid: int
    read_log: Callable[[], str] = str


def train_loop(storage: Storage) -> dict[str, str]:
    """Give the settings of a loop that has a published model."""
    loop = storage.loop()
    sides.run(backlog.train, loop, clock=storage.clock.ports)
    return loop


@contextmanager
def product(loop: Mapping[str, str], slots: int = 0) -> Iterator[Server]:
    """Serve the product with these settings; its model is in memory once this begins.

    Args:
        slots: Of a multi-slot loop; 0 for another one.
    """
    with HostProcess(env=loop) as host:
        if slots:
            _post(host.url, examples.SLOTS_PATH, {**examples.slots_body(20, slots, 0), "eventId": "warm-up"})
        elif ask(host.url, "warm-up")["modelless"]:
            raise StartFailure("The host does not use the model that was trained.")
        yield Server(host.url, host.pid, host.log)


@contextmanager
def home_made(loop: Mapping[str, str], model: Path) -> Iterator[Server]:
    """Serve the home-made server over the same storage account."""
    with bind(0) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.home_made", str(port), str(model)],
        cwd=ROOT,
        env={**clean_environment(), **loop},
        stdin=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _await(url, process)
        yield Server(url, process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_SECONDS)


def ask(url: str, event_id: str, actions: int = 10) -> dict[str, bool]:
    """Ask for one Rank; raises `OSError` if there is no server, and `StartFailure` if it does not rank."""
    answer = _post(url, examples.PATH, {**examples.body(actions, 0), "eventId": event_id})
    return {"modelless": is_modelless(answer)}


def is_modelless(answer: Mapping[str, Any]) -> bool:
    """Say whether a Rank was answered without a model: all chances are equal."""
    return len({round(action["probability"], 9) for action in answer["ranking"]}) == 1


def call(url: str, method: str, path: str, body: bytes) -> bytes:
    """Make one call with the deployment's key; raises `OSError` if there is no server, `StartFailure` if it refuses."""
    return _call(url, method, path, body)[0]


def read_page(url: str, path: str) -> tuple[bytes, str | None]:
    """Read a page of a list that has several; gives also the path of the next one. Raises as `call`."""
    content, headers = _call(url, "GET", path, b"")
    link = re.fullmatch(r'<(.+)>; rel="next"', headers.get("Link", ""))
    return content, link[1] if link else None


def _call(url: str, method: str, path: str, body: bytes) -> tuple[bytes, Message]:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=_CALL_SECONDS)
    try:
        connection.request(method, path, body, {"Ocp-Apim-Subscription-Key": KEY, "Content-Type": "application/json"})
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    if answer.status >= 300:
        refusal = content[:300].decode(errors="replace")
        raise StartFailure(f"{method} {path} of {url} was answered with {answer.status}: {refusal}")
    return content, answer.headers


def _post(url: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
    ranking: dict[str, Any] = json.loads(call(url, "POST", path, json.dumps(body).encode()))
    return ranking


def model_file(loop: Mapping[str, str], folder: str) -> Path:
    """Bring the published model of a loop into a file."""
    path = Path(folder, "model.vw")
    sides.run(_fetch, loop, path=str(path))
    return path


def _fetch(path: str) -> None:
    from shared.models import model_store, published_store

    model = published_store.read_published().model
    data = model_store.read(model.predictor_blob) if model else None
    if data is None:
        raise StartFailure("The loop has no model.")
    Path(path).write_bytes(data)


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _SECONDS
    while True:
        try:
            ask(url, f"warm-up-{time.monotonic_ns()}")
            return
        except OSError as error:
            if process.poll() is not None or time.monotonic() > until:
                raise StartFailure(f"The home-made server did not start: {error}") from error
            time.sleep(0.05)
