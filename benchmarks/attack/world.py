"""The loops that are attacked, the loop of the ordinary client, and keys of all roles."""

import json
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks import servers
from benchmarks.attack.calls import ATTACKED, CUSTOMER
from benchmarks.storage import KEY
from shared.access.role import Role

_MADE = (Role.ADMIN, Role.READ, Role.RANK)
_SECONDS = 5.0
"""How long a key lives that is over when the calls come."""
_SLOTS = {"name": "slots", "arguments": "--ccb_explore_adf --epsilon 0.2 --cb_type mtr -q ::"}


@dataclass(slots=True)
class World:
    """Loops on a host.

    Attributes:
        url: Of the host.
        keys: By loop and caller, joined by a space.
    """

    url: str
    keys: dict[str, str] = field(default_factory=dict)

    @property
    def customer_key(self) -> str:
        """The key of the ordinary client."""
        return self.keys[f"{CUSTOMER} rank"]

    def make(self, model: Path) -> None:
        """Make loops and keys; all loops for one action an event get a model."""
        loops = (*ATTACKED, CUSTOMER)
        for loop in loops:
            self._make_loop(loop, model)
            self.keys[f"{loop} owner"] = KEY
        over = datetime.now(UTC) + timedelta(seconds=_SECONDS)
        for loop in loops:
            self.keys[f"{loop} expired"] = self._make_key(loop, Role.ADMIN, over)
        for loop in ATTACKED:
            for role in _MADE:
                self.keys[f"{loop} {role}"] = self._make_key(loop, role)
        for loop in loops:
            self.keys[f"{loop} foreign"] = self.keys[f"{'north' if loop == 'default' else 'default'} admin"]
        self.keys[f"{CUSTOMER} rank"] = self._make_key(CUSTOMER, Role.RANK)
        time.sleep(max(0.0, (over - datetime.now(UTC)).total_seconds()))

    def _make_loop(self, loop: str, model: Path) -> None:
        if loop != "default":
            self._call("PUT", f"/rankloop/v1/loops/{loop}", b"")
        if loop == "south":
            self._call("PUT", f"/{loop}/personalizer/v1.0/configurations/policy", json.dumps(_SLOTS).encode())
        elif loop != "default":
            self._call("PUT", f"/{loop}/rankloop/v1/model", model.read_bytes())

    def _make_key(self, loop: str, role: Role, over: datetime | None = None) -> str:
        wanted: dict[str, Any] = {"role": role, **({"expiresAt": over.isoformat()} if over else {})}
        name = f"kept-{'over' if over else role}"
        made = self._call("PUT", f"/{loop}/rankloop/v1/keys/{name}", json.dumps(wanted).encode())
        key: str = json.loads(made)["key"]
        return key

    def _call(self, method: str, path: str, body: bytes) -> bytes:
        return servers.call(self.url, method, path.replace("/default/", "/", 1), body)
