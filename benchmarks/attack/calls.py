"""Calls made up by seeds: over all operations that the app has, by callers of all roles, in all loops.

`python -m benchmarks.attack.calls SEED NUMBER` prints one again; keys are never printed.
"""

import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace

import orjson

from benchmarks.attack import bombs, learning_arguments
from benchmarks.attack.call import HELD, LONG, NO_ROLE, Call
from benchmarks.attack.changes import change
from benchmarks.attack.described import Described, Request, RequestMaker, describe_all
from shared.access.role import Role
from shared.web.openapi import describe
from shared.web.registry import Registry

CUSTOMER = "customer"
"""The loop of the ordinary client, to which nobody who attacks has a key that opens anything."""
ATTACKED = ("default", "north", "south")
"""Loops that are attacked from inside too; `south` is a multi-slot one."""
BY_SCHEMATHESIS = 0.15
"""The share of calls that schemathesis makes up."""
_CALLERS = (*HELD, *NO_ROLE)
_OFTEN: Mapping[str, float] = {
    "rank": 30,
    "multislot_rank": 15,
    "reward": 5,
    "multislot_reward": 5,
    "read_chances": 10,
    "change_policy": 8,
    "preview_policy": 5,
    "change_service_configuration": 3,
    "import_model": 0.5,
    "import_model_file": 0.5,
    "reset_model": 0.2,
    "reset_policy": 0.2,
    "delete_logs": 0.05,
}
"""Operations that are called more often than others, or less often: after those there is less to attack."""


class Calls:
    """Makes each call from a seed and a number alone."""

    def __init__(self, registry: Registry, seed: int, by_schemathesis: float = BY_SCHEMATHESIS) -> None:
        """Take what the app serves, the seed, and the share of calls that schemathesis makes up."""
        self._seed = seed
        document = orjson.loads(describe(registry.operations))
        self._versions = describe_all(registry.operations, document)
        self._requests = RequestMaker(document, seed, by_schemathesis)
        self._often = [_OFTEN.get(name.partition(" ")[0], 1) for name in self._versions]

    @property
    def operations(self) -> list[str]:
        """The names of all operations, each once for all versions."""
        return list(self._versions)

    def prepare(self) -> None:
        """Make what takes long to make before the first call; else it is made when it is first needed."""
        bombs.models()
        learning_arguments.options()
        self._requests.prepare(described for versions in self._versions.values() for described in versions)

    def make(self, number: int) -> Call:
        """Make the call of a number."""
        chance = random.Random(f"{self._seed} {number}")
        versions = self._versions[chance.choices(self.operations, self._often)[0]]
        operation = versions[-1] if chance.random() < 0.5 else chance.choice(versions)
        return change(self._by_anyone(operation, self._requests.make(operation, chance), chance), chance)

    def _by_anyone(self, operation: Described, request: Request, chance: random.Random) -> Call:
        role = operation.served.role
        caller = chance.choices(_CALLERS, _caller_weights(role))[0]
        loop = chance.choice(ATTACKED if caller in HELD else (*ATTACKED, CUSTOMER))
        may = role is None or (caller in HELD and Role(caller).allows(role))
        target = f"{'' if loop == 'default' or role is None else f'/{loop}'}/{request.path}"
        platform = "%00" in target or len(target) > LONG
        call = Call(operation.name, operation.method, target, loop, str(caller), may, body=request.body)
        return replace(call, platform_may_refuse=platform)


def _caller_weights(role: Role | None) -> Sequence[float]:
    """Most calls may be made, so that what they ask for is done."""
    may = [role is None or held.allows(role) for held in HELD]
    allowed = sum(may)
    held = [0.7 / allowed if each else 0.05 for each in may]
    return (*held, *(0.05 for _ in NO_ROLE))


def main(arguments: Sequence[str]) -> None:
    """Print a call again."""
    from function_app import registry

    call = Calls(registry, int(arguments[0])).make(int(arguments[1]))
    print(f"{call.method} {call.target}\ncaller: {call.caller}, loop: {call.loop}")
    print(*(f"{name}: {value}" for name, value in call.headers), "", sep="\n", flush=True)
    sys.stdout.buffer.write(call.body or b"")


if __name__ == "__main__":
    main(sys.argv[1:])
