"""The two clients of PyPI `azure-ai-personalizer`, as applications make them, both behind the same calls."""

import asyncio
import inspect
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from azure.ai import personalizer
from azure.ai.personalizer import aio
from azure.core.credentials import AzureKeyCredential

from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.loops import make_loop

KINDS = ("sync", "async")
PATIENCE_SECONDS = 60
MEALS = [
    {"id": "soup", "features": [{"served": "hot", "minutes": 10, "cook": "Ada"}, {"liked_by": "20-25"}]},
    {"id": "salad", "features": [{"served": "cold", "minutes": 5, "cook": "Alan"}, {"liked_by": "40-45"}]},
    {"id": "cake", "features": [{"served": "cold", "minutes": 90, "cook": "Grace"}, {"liked_by": "10-15"}]},
]


class Awaited:
    """An asynchronous client, each of whose calls is waited for."""

    def __init__(self, client: Any, runner: asyncio.Runner) -> None:
        self._client = client
        self._runner = runner

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """One of the client's methods."""

        async def call(*given: Any, **named: Any) -> Any:
            answer = getattr(self._client, name)(*given, **named)
            answer = await answer if inspect.isawaitable(answer) else answer
            return [piece async for piece in answer] if hasattr(answer, "__aiter__") else answer

        return lambda *given, **named: self._runner.run(call(*given, **named))


@dataclass(frozen=True, slots=True)
class Clients:
    """What an application uses, and what its owner uses."""

    application: Any
    owner: Any


@contextmanager
def clients(kind: str, endpoint: str, key: str) -> Iterator[Clients]:
    """Both clients of a kind, made with nothing but endpoint and key."""
    with ExitStack() as stack:
        if kind == "sync":
            made = [
                stack.enter_context(client(endpoint, AzureKeyCredential(key)))
                for client in (personalizer.PersonalizerClient, personalizer.PersonalizerAdministrationClient)
            ]
        else:
            runner = stack.enter_context(asyncio.Runner())
            made = [
                Awaited(_open(stack, runner, client, endpoint, key), runner)
                for client in (aio.PersonalizerClient, aio.PersonalizerAdministrationClient)
            ]
        yield Clients(*made)


@contextmanager
def feed_loop(storage: str, events: int) -> Iterator[tuple[Clients, Api]]:
    """A loop beside `default` that learns within seconds, after so many events in which soup earns 1, all else 0."""
    settings = {
        "API_KEY_1": "test-key-1",
        "WRITE_DEADLINE": "PT2S",
        "JOIN_GRACE": "PT3S",
        "TRAIN_SCHEDULE": "*/1 * * * * *",
    }
    with (
        HostProcess(storage, env=settings) as host,
        clients("sync", f"{host.url}/meals", "test-key-1") as client,
    ):
        loop = make_loop(Api.at(host.url, "test-key-1", tries=4), "meals")
        client.owner.update_service_configuration({"rewardWaitTime": "PT5S", "modelExportFrequency": "PT1S"})
        for number in range(events):
            event = client.application.rank({"actions": MEALS, "eventId": f"fed-{number}"})
            client.application.reward(event["eventId"], {"value": float(event["rewardActionId"] == "soup")})
        yield client, loop


def _open(stack: ExitStack, runner: asyncio.Runner, client: Any, endpoint: str, key: str) -> Any:
    async def enter() -> Any:
        return await client(endpoint, AzureKeyCredential(key)).__aenter__()

    entered_client = runner.run(enter())
    stack.callback(lambda: runner.run(entered_client.close()))
    return entered_client


def whole(pieces: Any) -> bytes:
    """The bytes of a model that came in pieces."""
    return b"".join(pieces)


def eventually(claim: Callable[[], bool]) -> None:
    """Wait until something holds."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not claim():
        assert time.monotonic() < until
        time.sleep(0.2)
