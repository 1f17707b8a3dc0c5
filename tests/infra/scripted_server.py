"""A server that is no loop: it gives the answers of a script."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from deployment import smoke, trainer_run


class _Scripted(BaseHTTPRequestHandler):
    """Gives each path its answer, whatever the method; `<event>` in an answer is the event id that was sent.

    A path without an answer is answered 404.
    """

    answers: Mapping[str, tuple[int, str]]

    def _answer(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or b"{}")
        status, body = self.answers.get("/reward" if self.path.endswith("/reward") else self.path, (404, ""))
        body = body.replace("<event>", sent.get("eventId", ""))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/stolen")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    do_GET = do_POST = _answer  # noqa: N815 - the names that the library wants

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serve_answers(**answers: tuple[int, str]) -> Iterator[str]:
    """A server that is no loop; gives its address."""
    paths = {"ready": "/ready", "rank": smoke.RANK, "reward": "/reward", "status": trainer_run.STATUS}
    by_path = {paths[name]: answer for name, answer in answers.items()}
    handler = type("Handler", (_Scripted,), {"answers": {"/ready": (200, "{}"), **by_path}})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()
