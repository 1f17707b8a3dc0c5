"""A reverse proxy that has a loop below a path, such as `/loops/shop`."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.http.api import Api

PREFIX = "/loops/shop"
_OF_THE_CONNECTION = ("connection", "host", "transfer-encoding", "content-length")


@contextmanager
def below_a_path(api: Api) -> Iterator[Api]:
    """Give the loop as it is below the path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in _OF_THE_CONNECTION}
            inner = self.path.removeprefix(PREFIX) if self.path.startswith(PREFIX) else "/not-here"
            with closing(HTTPConnection(api.host, api.port, timeout=30)) as connection:
                connection.request("GET", inner, headers=headers)
                answer = connection.getresponse()
                body = answer.read()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in _OF_THE_CONNECTION:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield Api("127.0.0.1", server.server_address[1], api.key)
    finally:
        server.shutdown()
        server.server_close()
