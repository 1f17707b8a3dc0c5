"""Loops and keys of a host, made as its owner makes them."""

from dataclasses import replace
from typing import Any

from tests.http.api import Api

LOOPS = "/rankloop/v1/loops"
KEYS = "/rankloop/v1/keys"


def make_loop(owner: Api, name: str, body: object = b"") -> Api:
    """Make a loop; gives it, opened with the owner's key."""
    made = owner.put(f"{LOOPS}/{name}", body)
    assert made.status in (200, 201), made.body
    return replace(owner, loop=f"/{name}")


def make_key(admin: Api, name: str, role: str, **members: Any) -> Api:
    """Make a key of a loop; gives the loop, opened with that key."""
    made = admin.put(f"{KEYS}/{name}", {"role": role, **members})
    assert made.status == 201, made.body
    return replace(admin, key=made.json["key"])
