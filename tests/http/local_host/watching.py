"""Watch a host from outside: its port, its files, and its bytes."""

import socket
import time
from collections.abc import Callable
from pathlib import Path

from localhost.host.host_process import HostProcess


def port_of(host: HostProcess) -> int:
    """Where the host listens."""
    return int(host.url.rpartition(":")[2])


def lines(path: Path) -> list[str]:
    """The lines of a file, none if it is not there."""
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


def eventually(check: Callable[[], bool], seconds: float = 15) -> bool:
    """Wait until something is so, and say whether it came to be."""
    until = time.monotonic() + seconds
    while not (good := check()) and time.monotonic() < until:
        time.sleep(0.05)
    return good


def raw(host: HostProcess, sent: bytes) -> bytes:
    """Send bytes as they are and give all that comes back until the connection ends or is quiet for long.

    The first of it may take longer: the machine may be busy.
    """
    with socket.create_connection(("127.0.0.1", port_of(host)), timeout=20) as connection:
        connection.sendall(sent)
        received = b""
        while piece := _receive(connection):
            received += piece
            connection.settimeout(1)
        return received


def receive_answer(connection: socket.socket) -> bytes:
    """Read one answer that declares its length, and no more of what comes."""
    received = b""
    while not received.endswith(b"\r\n\r\n"):
        if not (byte := connection.recv(1)):
            raise ConnectionError(received)
        received += byte
    length = int(received.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return received + connection.recv(length, socket.MSG_WAITALL)


def _receive(connection: socket.socket) -> bytes:
    try:
        return connection.recv(65536)
    except TimeoutError:
        return b""
