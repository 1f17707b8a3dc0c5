"""Ports of this machine."""

import os
import socket

from localhost.failures import StartFailure


def bound(port: int) -> socket.socket:
    """Give a socket bound to the port (0: a free one), not listening; raises `StartFailure` if another has it."""
    taken = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind(("127.0.0.1", port))
        return taken
    except (OSError, OverflowError) as error:
        taken.close()
        raise StartFailure(
            f"Port {port} cannot be used: {getattr(error, 'strerror', None) or error}.",
            "End the program that has it, or give another --port.",
        ) from error
