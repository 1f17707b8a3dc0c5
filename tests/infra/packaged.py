"""The app of this clone with the id of a package, as if it was deployed; and a front end before several hosts."""

import select
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from deployment import contents, package_id
from localhost.environment import ROOT
from tests.http.api import Api

OLD, NEW = "0.1.0-20261202T083012Z-3fa2c1d0", "0.1.0-20261203T101500Z-77b0e4aa"


def never() -> str:
    """A schedule that names no time within the next five months."""
    return f"0 0 0 1 {(datetime.now(UTC).month + 5) % 12 + 1} *"


def lay_out(folder: Path, package: str) -> Path:
    """Make a folder of the app, with links to this clone and an id of its own; gives the folder."""
    folder.mkdir()
    for name in (contents.APP, contents.HOST, *contents.app_folders(ROOT)):
        (folder / name).symlink_to(ROOT / name)
    (folder / package_id.FILE).write_text(f"{package}\n", encoding="utf-8")
    return folder


def wait_for_trainer(url: str, key: str, package: str | None) -> None:
    """Wait until the trainer has run under a package; None for the clone itself."""
    api, until = Api.at(url, key), time.monotonic() + 60
    while ((run := api.get("/rankloop/v1/status").json["trainer"]["firstRun"]) or {"package": ""})[
        "package"
    ] != package:
        assert time.monotonic() < until, run
        time.sleep(0.1)


@contextmanager
def serve_in_front(first: Sequence[str], then: Sequence[str], connections: int) -> Iterator[str]:
    """A front end that hands each connection to the next host of a list, in turns; gives its address.

    Args:
        first: The addresses of the hosts for so many connections.
        then: Of those for all later ones.
    """
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=_hand_on, args=(server, first, then, connections), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()


def _hand_on(server: socket.socket, first: Sequence[str], then: Sequence[str], connections: int) -> None:
    for number in count():
        try:
            client = server.accept()[0]
        except OSError:
            return
        hosts = first if number < connections else then
        host = socket.create_connection(("127.0.0.1", urlsplit(hosts[number % len(hosts)]).port or 0))
        threading.Thread(target=_pipe, args=(client, host), daemon=True).start()


def _pipe(client: socket.socket, host: socket.socket) -> None:
    """Carry bytes both ways until either side has ended."""
    others = {client: host, host: client}
    with client, host:
        while True:
            for source in select.select([client, host], [], [])[0]:
                if not (data := source.recv(65536)):
                    return
                others[source].sendall(data)
