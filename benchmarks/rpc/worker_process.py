"""The Python worker of the Functions host: `python -m benchmarks.rpc.worker_process --host HOST --port PORT ...`.

Azure serves Python 3.13 by the library `azure_functions_runtime`, which is the real one here, behind a small front that
speaks gRPC with the host. That front is on no package index, so this one takes its place and does for each message what
that one does: a thread reads the stream and hands each message to the event loop, as a task that knows its call; the
library answers; and what any logger says at INFO or above goes to the host as a message of its own, two for each call
unless the app turns them off. gRPC, protobuf and event loop are those that the other front has with Python 3.13.
"""

import argparse
import asyncio
import logging
import queue
import sys
import threading
from collections.abc import Coroutine
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import grpc

from benchmarks.rpc.messages import METHOD, protos

_log = logging.getLogger("proxy_worker")
_SYSTEM = ("proxy_worker", "azure.functions", "azure_functions_runtime")
_ANSWERS = {
    "worker_init_request": "worker_init_response",
    "functions_metadata_request": "function_metadata_response",
    "function_load_request": "function_load_response",
    "invocation_request": "invocation_response",
}
_LEVELS = (
    (logging.CRITICAL, protos.RpcLog.Critical),
    (logging.ERROR, protos.RpcLog.Error),
    (logging.WARNING, protos.RpcLog.Warning),
    (logging.INFO, protos.RpcLog.Information),
)


class CallTask(asyncio.Task[Any]):
    """A task that knows which call it works for, as the task does that began it."""

    def __init__(self, work: Coroutine[Any, Any, Any], **given: Any) -> None:
        super().__init__(work, **given)
        self.invocation_id: str = getattr(asyncio.current_task(given["loop"]), "invocation_id", "")


class RpcLogHandler(logging.Handler):
    """Sends what is logged to the host."""

    def __init__(self, outgoing: "queue.Queue[Any]", request_id: str) -> None:
        super().__init__()
        self._outgoing = outgoing
        self._request_id = request_id

    def emit(self, record: logging.LogRecord) -> None:
        """Send one record."""
        category = "System" if record.name.startswith(_SYSTEM) else "User"
        line = protos.RpcLog(
            level=next((sent for level, sent in _LEVELS if record.levelno >= level), protos.RpcLog.Debug),
            message=self.format(record),
            category=record.name,
            log_category=protos.RpcLog.RpcLogCategory.Value(category),
            invocation_id=_current_call(),
        )
        self._outgoing.put_nowait(protos.StreamingMessage(request_id=self._request_id, rpc_log=line))


def _current_call() -> str:
    try:
        return getattr(asyncio.current_task(), "invocation_id", "")
    except RuntimeError:
        return ""


class Worker:
    """The worker's side of the stream."""

    def __init__(self, loop: asyncio.AbstractEventLoop, given: argparse.Namespace) -> None:
        self.outgoing: queue.Queue[Any] = queue.Queue()
        self.ended = asyncio.Event()
        self._loop = loop
        self._given = given

    def read(self) -> None:
        """Read messages until the host ends the stream, and hand each to the event loop."""
        start = protos.StreamingMessage(
            request_id=self._given.request_id, start_stream=protos.StartStream(worker_id=self._given.worker_id)
        )
        self.outgoing.put_nowait(start)
        limits = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
        with grpc.insecure_channel(f"{self._given.host}:{self._given.port}", limits) as channel:
            stream = channel.stream_stream(
                METHOD, protos.StreamingMessage.SerializeToString, protos.StreamingMessage.FromString
            )
            with suppress(grpc.RpcError):
                for message in stream(iter(self.outgoing.get, None)):
                    self._loop.call_soon_threadsafe(self._loop.create_task, self._answer(message))
        self._loop.call_soon_threadsafe(self.ended.set)

    async def _answer(self, message: Any) -> None:
        kind = message.WhichOneof("content")
        if kind not in _ANSWERS:
            _log.error("Unknown message: %s", kind)
            return
        if kind == "invocation_request":
            self._begin_call(message.invocation_request)
        else:
            _log.info("Received %s, request ID %s, worker ID %s", kind, message.request_id, self._given.worker_id)
        if kind == "worker_init_request":
            _import_library(message.worker_init_request.function_app_directory)
        request = SimpleNamespace(request=message, properties={"protos": protos, "host": self._given.host})
        answer = await getattr(sys.modules["azure_functions_runtime"], kind)(request)
        self.outgoing.put_nowait(protos.StreamingMessage(request_id=self._given.request_id, **{_ANSWERS[kind]: answer}))

    def _begin_call(self, request: Any) -> None:
        _log.info(
            "Received FunctionInvocationRequest, request ID %s, function_id: %s, invocation_id: %s, worker_id: %s",
            self._given.request_id,
            request.function_id,
            request.invocation_id,
            self._given.worker_id,
        )
        task = asyncio.current_task()
        if isinstance(task, CallTask):
            task.invocation_id = request.invocation_id


def _import_library(app: str) -> None:
    """Import the library, and let it find the app."""
    import azure_functions_runtime

    sys.path.insert(0, app)
    azure_functions_runtime.start_threadpool_executor()


async def _serve(given: argparse.Namespace) -> None:
    loop = asyncio.get_running_loop()
    loop.set_task_factory(lambda loop, work, **more: CallTask(work, loop=loop, **more))
    worker = Worker(loop, given)
    sending = RpcLogHandler(worker.outgoing, given.request_id)
    logging.basicConfig(level=logging.INFO, handlers=[sending], format="%(message)s")
    _log.setLevel(logging.INFO)
    threading.Thread(target=worker.read, daemon=True).start()
    await worker.ended.wait()


def main() -> None:
    """Serve until the host ends the stream."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True)
    parser.add_argument("--workerId", dest="worker_id", required=True)
    parser.add_argument("--requestId", dest="request_id", required=True)
    given = parser.parse_args()
    try:
        import uvloop
    except ImportError:
        asyncio.run(_serve(given))
    else:
        uvloop.run(_serve(given))


if __name__ == "__main__":
    main()
