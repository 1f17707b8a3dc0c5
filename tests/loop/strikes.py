"""Something that happens at one chosen moment: when a trainer has sent a request and storage does not have it yet."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

from localhost.azurite.accounts import EmulatedAccount
from tests.faults.proxy import Fault, FaultProxy, Request

Matches = Callable[[Request], bool]


def write(part: str = "") -> Matches:
    """The requests that write or delete something whose address holds a text; those about leases are left out."""

    def matches(request: Request) -> bool:
        writes = request.method in ("PUT", "POST", "DELETE") and "comp=lease" not in request.path
        return writes and part in request.path

    return matches


@dataclass(frozen=True, slots=True)
class Held(Fault):
    """A request that a proxy holds back until `free` is set; then storage gets it, and the client the answer."""

    free: threading.Event = field(default_factory=threading.Event)


class Strike:
    """A plan that does something at the nth request that matches, before storage gets it, and never again.

    Attributes:
        struck: Set when it has happened.
        at: The address of the request at which it happened.
    """

    def __init__(self, matches: Matches, do: Callable[[], object], fault: Fault | None = None, nth: int = 1) -> None:
        """Take what happens to the request itself, too; without it, it is passed on."""
        self.struck = threading.Event()
        self.at = ""
        self._matches = matches
        self._do = do
        self._fault = fault
        self._left = nth

    def __call__(self, request: Request) -> Fault | None:
        """Decide about one request."""
        if self.struck.is_set() or not self._matches(request):
            return None
        self._left -= 1
        if self._left:
            return None
        self._do()
        self.at = request.path
        self.struck.set()
        return self._fault

    def wait(self) -> None:
        """Wait until it has happened."""
        assert self.struck.wait(60), "the request never came"


class HoldingProxy(FaultProxy):
    """A proxy that can also hold a request back for as long as a test wants."""

    async def _handle(self, request: Request, fault: Fault, client: asyncio.StreamWriter, upstream: object) -> bool:
        if isinstance(fault, Held):
            await asyncio.to_thread(fault.free.wait, 60)
        return await super()._handle(request, fault, client, upstream)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Route:
    """A route to an account through proxies."""

    blob: HoldingProxy
    table: HoldingProxy
    storage: str

    def plan(self, plan: Callable[[Request], Fault | None]) -> None:
        """Ask a plan about each request to either service from now on."""
        self.blob.plan = self.table.plan = plan


@contextmanager
def open_route(account: EmulatedAccount) -> Iterator[Route]:
    """Open a route to an account, which passes everything on until a plan is set."""
    with ExitStack() as stack:
        blob = stack.enter_context(HoldingProxy(account.blob_endpoint))
        table = stack.enter_context(HoldingProxy(account.table_endpoint))
        endpoints = f"BlobEndpoint={blob.url};QueueEndpoint={account.queue_endpoint};TableEndpoint={table.url}"
        yield Route(blob, table, f"AccountName={account.name};AccountKey={account.key};{endpoints};")
