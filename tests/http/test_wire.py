"""Calls of the API in forms that differ on the wire alone, as clients and gateways write them."""

import json
from urllib.parse import urlsplit

import pytest

from tests.hosts import HostProcess
from tests.http.local_host.watching import raw

KEY = "Ocp-Apim-Subscription-Key: test-key-1"
BODY = json.dumps({"actions": [{"id": "a", "features": [{"x": 1}]}]}).encode()


@pytest.mark.parametrize(
    ("method", "lines"),
    [
        ("POST", ["Ocp-Apim-Subscription-Key: \t test-key-1 \t"]),
        ("POST", [KEY, "Connection: upgrade", "Upgrade: websocket"]),
        ("post", [KEY]),
    ],
    ids=["spaces around the key", "an offer of another protocol", "a method in small letters"],
)
def test_a_rank_is_served_in_any_form_that_the_platform_serves(
    host: HostProcess, method: str, lines: list[str]
) -> None:
    """The platform's server takes all of them."""
    sent = [f"{method} /personalizer/v1.0/rank HTTP/1.1", f"Host: {urlsplit(host.url).netloc}", *lines]
    answer = raw(
        host, "\r\n".join([*sent, f"Content-Length: {len(BODY)}", "Connection: close", "", ""]).encode() + BODY
    )

    assert answer.startswith(b"HTTP/1.1 201 ")
