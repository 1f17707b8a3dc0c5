"""Addresses and ports of this machine."""

import errno
import os
import socket
from ipaddress import ip_address
from typing import Any

from localhost.failures import StartFailure

THIS_MACHINE = "127.0.0.1"
_FROM_HERE = {"0.0.0.0": THIS_MACHINE, "::": "::1"}  # noqa: S104 - where to reach what listens everywhere


def bind(port: int, host: str = THIS_MACHINE) -> socket.socket:
    """Give a socket bound to an address and a port (0: a free one), not listening.

    Raises:
        StartFailure: The address is none of this machine, or another program has the port.
    """
    family, address = _resolve(host, port)
    listening = socket.socket(family, socket.SOCK_STREAM)
    if os.name == "posix":
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(address)
        return listening
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRNOTAVAIL:
            raise _no_address(host, error) from error
        raise StartFailure(
            f"Port {port} cannot be used: {error.strerror or error}.",
            "End the program that has it, or give another --port.",
        ) from error


def url_from_here(listening: socket.socket, scheme: str = "http") -> str:
    """Give the URL by which this machine reaches a socket."""
    host, port = listening.getsockname()[:2]
    host = _FROM_HERE.get(host, host)
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"


def is_open(host: str) -> bool:
    """Say whether other machines may reach what listens at an address."""
    return not ip_address(_resolve(host, 0)[1][0].partition("%")[0]).is_loopback


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[Any, ...]]:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    except (OSError, UnicodeError) as error:
        raise _no_address(host, error) from error
    return family, address


def _no_address(host: str, error: Exception) -> StartFailure:
    return StartFailure(
        f"{host!r} is no address of this machine: {getattr(error, 'strerror', None) or error}.",
        f"Give one by --host: {THIS_MACHINE} for this machine alone, 0.0.0.0 for all of its addresses.",
    )
