"""Azure's management service: what is asked of it, with azd's login."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

from deployment.calls import Answer, Unreachable, ask
from localhost.setup.programs import CannotSetUp, say

MANAGEMENT = "https://management.azure.com"
SCOPE = f"{MANAGEMENT}/.default"
_TRIES, _PAUSE_SECONDS, _MOST_PAGES = 3, 2.0, 100
_NETWORK = "Check the network connection (or this machine's proxy), then run it again."


def get(url: str, token: str) -> Answer:
    """Ask, and ask again if the network or the service was out of step.

    Raises:
        CannotSetUp: There was no answer.
    """
    headers = {"Authorization": f"Bearer {token}"}
    for _ in range(_TRIES - 1):
        try:
            answer = ask("GET", url, headers)
            if answer.status != 429 and answer.status < 500:
                return answer
        except Unreachable as error:
            say(f"  trying again: {error}")
        time.sleep(_PAUSE_SECONDS)
    try:
        return ask("GET", url, headers)
    except Unreachable as error:
        raise CannotSetUp(f"Azure's management service cannot be reached: {error}", _NETWORK) from error


def items(url: str, read_page: Callable[[str], dict[str, Any]], name: str) -> Iterator[dict[str, Any]]:
    """Give the objects of a list, which may go on at further addresses.

    Args:
        read_page: Gives the document at an address.
        name: Of the list, to begin a sentence with.

    Raises:
        CannotSetUp: It goes on at another server, for which the token is not, or without an end.
    """
    for _ in range(_MOST_PAGES):
        page = read_page(url)
        yield from (item for item in page.get("value") or () if isinstance(item, dict))
        url = str(page.get("nextLink") or "")
        if not url:
            return
        if urlsplit(url)[:2] != urlsplit(MANAGEMENT)[:2]:
            raise CannotSetUp(f"{name} goes on at {urlsplit(url).netloc}", _NETWORK)
    raise CannotSetUp(f"{name} has no end", "Run it again.")
