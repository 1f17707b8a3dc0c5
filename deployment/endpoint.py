"""The address of a loop, to which a key is sent."""

from __future__ import annotations

from urllib.parse import urlsplit

from deployment.calls import LOOPBACK
from localhost.setup.programs import CannotSetUp

HOW_TO_GIVE = (
    "Give an address such as https://my-loop.azurewebsites.net by --endpoint or in the variable RANKLOOP_ENDPOINT."
)


def read_endpoint(text: str) -> str:
    """Read an address to send a key to: over https, or to this machine itself.

    Raises:
        CannotSetUp: The text is none.
    """
    address = text.strip().rstrip("/")
    if not address:
        raise CannotSetUp("There is no endpoint to check", HOW_TO_GIVE)
    try:
        parts = urlsplit(address)
        whole = parts.port != 0 and bool(parts.hostname) and not (parts.query or parts.fragment or parts.username)
    except ValueError:
        whole = False
    if not (whole and address.isascii() and address.isprintable() and " " not in address):
        raise CannotSetUp(f"{address} is no address of a loop", HOW_TO_GIVE)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise CannotSetUp(f"{address} does not begin with https://, and a key is sent in no other way", HOW_TO_GIVE)
    return address
