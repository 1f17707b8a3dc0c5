"""The Functions host as its worker sees it: starts a worker, has an app's functions loaded, and sends calls to them.

No real host runs here: what it does with HTTP, and what that costs it, is not in any figure.
"""

import json
import queue
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import grpc

from benchmarks.failures import SideFailed, WrongAnswers
from benchmarks.machine import cpu_seconds
from benchmarks.rpc.messages import METHOD, protos
from benchmarks.storage import KEY
from localhost.environment import ROOT, clean_environment

AT_ONCE = 16
EMPTY_APP = Path(__file__).with_name("empty")
_SECONDS = 60.0
_SITE = "loop.azurewebsites.net"
_HEADERS = {
    "accept": "*/*",
    "client-ip": "203.0.113.7:50000",
    "content-type": "application/json",
    "disguised-host": _SITE,
    "host": _SITE,
    "max-forwards": "10",
    "ocp-apim-subscription-key": KEY,
    "user-agent": "azsdk-python-personalizer/1.0",
    "was-default-hostname": _SITE,
    "x-appservice-proto": "https",
    "x-arr-log-id": "6f1f9b1e-6c1c-4a6b-9d0a-5a0b7f6f1e11",
    "x-arr-ssl": "2048|256|CN=Issuer|CN=*.azurewebsites.net",
    "x-forwarded-for": "203.0.113.7:50000",
    "x-forwarded-proto": "https",
    "x-forwarded-tlsversion": "1.3",
    "x-site-deployment-id": "loop",
}
"""A client's headers and those that Azure's front end adds."""
_METADATA = {
    "Headers": protos.TypedData(json=json.dumps(_HEADERS)),
    "Query": protos.TypedData(json="{}"),
    "sys": protos.TypedData(json='{"MethodName":"call","UtcNow":"2026-11-30T00:00:00Z","RandGuid":"0"}'),
}
_ANSWER = "invocation_response"


@dataclass(frozen=True, slots=True)
class Call:
    """A call of an HTTP function.

    Attributes:
        path: Without a slash at its beginning.
        params: Those of the path, as the function's route names them.
    """

    function: str
    path: str
    body: bytes
    params: Mapping[str, str] = field(default_factory=dict)


class Host:
    """A host with one worker process.

    Attributes:
        logs: What the worker has logged since the last measurement began.
        pid: Of the worker.
    """

    def __init__(self, stream: "_Stream", process: subprocess.Popen[bytes], errors: IO[bytes]) -> None:
        """Take a worker's stream, its process, and the file of what it prints."""
        self.logs: list[Any] = []
        self.pid = process.pid
        self._stream, self._process, self._errors = stream, process, errors
        self._ids: dict[str, str] = {}

    def load(self, app: Path) -> None:
        """Have the worker index an app and load its functions; raises `SideFailed`."""
        self.receive("start_stream")
        init = protos.WorkerInitRequest(host_version="4", function_app_directory=str(app))
        self._check(self._ask("worker_init_request", "worker_init_response", init).result)
        request = protos.FunctionsMetadataRequest(function_app_directory=str(app))
        described = self._ask("functions_metadata_request", "function_metadata_response", request)
        for function in described.function_metadata_results:
            loading = protos.FunctionLoadRequest(function_id=function.function_id, metadata=function)
            self.send(protos.StreamingMessage(request_id="load", function_load_request=loading))
            self._ids[function.name] = function.function_id
        for _ in self._ids:
            self._check(self.receive("function_load_response").result)

    def call(self, call: Call) -> Any:
        """Make one call; gives the worker's answer."""
        self.send(self.pack(call))
        return self.receive(_ANSWER)

    def pack(self, call: Call) -> Any:
        """Pack a call as the worker takes it."""
        body = protos.TypedData(bytes=call.body)
        url = f"https://{_SITE}/{call.path}"
        http = protos.RpcHttp(method="POST", url=url, headers=_HEADERS, params=call.params, body=body)
        request = protos.InvocationRequest(
            invocation_id=str(uuid.uuid4()),
            function_id=self._ids[call.function],
            input_data=[protos.ParameterBinding(name="req", data=protos.TypedData(http=http))],
            trigger_metadata=_METADATA,
            trace_context=protos.RpcTraceContext(trace_parent=f"00-{uuid.uuid4().hex}-b7ad6b7169203331-00"),
        )
        return protos.StreamingMessage(request_id="call", invocation_request=request)

    def send(self, message: Any) -> None:
        """Send a message."""
        self._stream.outgoing.put(message)

    def receive(self, kind: str) -> Any:
        """Wait for the next message that is no log; raises `SideFailed` if it is of another kind."""
        while True:
            message = self._next()
            content = message.WhichOneof("content")
            if content == kind:
                return getattr(message, kind)
            if content != "rpc_log":
                raise SideFailed(f"The worker sent {content} in place of {kind}.")
            self.logs.append(message.rpc_log)

    def measure(self, calls: Iterator[Call], status: int, seconds: float) -> float:
        """Keep calls in flight for so long; gives the worker's microseconds of processor time for one.

        Raises:
            WrongAnswers: Not all are answered with a status.
        """
        before, until, statuses = cpu_seconds(self.pid), time.monotonic() + seconds, Counter[str]()
        self.logs.clear()
        for _ in range(AT_ONCE):
            self.send(self.pack(next(calls)))
        while time.monotonic() < until:
            statuses[self._status()] += 1
            self.send(self.pack(next(calls)))
        for _ in range(AT_ONCE):
            statuses[self._status()] += 1
        if set(statuses) != {str(status)}:
            raise WrongAnswers(f"The worker answered {dict(statuses)} instead of {status}")
        return 1e6 * (cpu_seconds(self.pid) - before) / statuses.total()

    def _next(self) -> Any:
        try:
            message = self._stream.incoming.get(timeout=_SECONDS)
        except queue.Empty:
            message = None
        if message is None:
            self._errors.seek(0)
            printed = self._errors.read()[-3000:].decode(errors="replace")
            raise SideFailed(
                f"The worker does not answer any more; its exit code is {self._process.poll()}.\n{printed}"
            )
        return message

    def _status(self) -> str:
        return str(self.receive(_ANSWER).return_value.http.status_code)

    def _ask(self, request: str, answer: str, content: Any) -> Any:
        self.send(protos.StreamingMessage(request_id=request, **{request: content}))
        return self.receive(answer)

    @staticmethod
    def _check(result: Any) -> None:
        if result.status != protos.StatusResult.Success:
            raise SideFailed(f"The app does not load: {result.exception.message}\n{result.exception.stack_trace}")


@dataclass(frozen=True, slots=True)
class _Stream:
    """Messages between host and worker; None ends a direction."""

    incoming: "queue.Queue[Any]" = field(default_factory=queue.Queue)
    outgoing: "queue.Queue[Any]" = field(default_factory=queue.Queue)

    def serve(self, messages: Iterator[Any], _context: grpc.ServicerContext) -> Iterator[Any]:
        """Be the method that the worker calls."""
        threading.Thread(target=self._read, args=(messages,), daemon=True).start()
        yield from iter(self.outgoing.get, None)

    def _read(self, messages: Iterator[Any]) -> None:
        with suppress(grpc.RpcError):
            for message in messages:
                self.incoming.put(message)
        self.incoming.put(None)


@contextmanager
def start_worker(settings: Mapping[str, str]) -> Iterator[Host]:
    """Start a worker that knows no app yet; it ends with the context.

    Args:
        settings: Variables of its environment, which has no other settings of the product.
    """
    stream = _Stream()
    server, port = _serve(stream)
    with tempfile.TemporaryFile() as errors:
        process = _start_process(port, settings, errors)
        try:
            yield Host(stream, process, errors)
        finally:
            stream.outgoing.put(None)
            process.terminate()
            process.wait(_SECONDS)
            server.stop(None).wait(_SECONDS)


def _serve(stream: _Stream) -> tuple[grpc.Server, int]:
    """Listen for the worker; gives the port, too."""
    method = grpc.stream_stream_rpc_method_handler(
        stream.serve, protos.StreamingMessage.FromString, protos.StreamingMessage.SerializeToString
    )
    server = grpc.server(ThreadPoolExecutor(1), options=[("grpc.max_receive_message_length", -1)])
    _, service, name = METHOD.split("/")
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, {name: method}),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


def _start_process(port: int, settings: Mapping[str, str], errors: IO[bytes]) -> subprocess.Popen[bytes]:
    place = ["--host", "127.0.0.1", "--port", str(port), "--workerId", "worker", "--requestId", "request"]
    return subprocess.Popen(
        [sys.executable, "-m", "benchmarks.rpc.worker_process", *place],
        cwd=ROOT,
        env={**clean_environment(), **settings},
        stdin=subprocess.DEVNULL,
        stdout=errors,
        stderr=errors,
    )
