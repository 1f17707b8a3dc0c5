"""Ports of this machine."""

import os
import socket

from localhost.failures import StartFailure


def bind(port: int) -> socket.socket:
    """Give a socket bind to the port (0: a free one), not listening; raises `StartFailure` if another has it."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        return listening
    except (OSError, OverflowError) as error:
        listening.close()
        raise StartFailure(
            f"Port {port} cannot be used: {getattr(error, 'strerror', None) or error}.",
            "End the program that has it, or give another --port.",
        ) from error
