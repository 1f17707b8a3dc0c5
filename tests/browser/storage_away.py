"""Storage that can be taken away from a loop, and given back."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from localhost.azurite.accounts import EmulatedAccount
from tests.faults.proxy import FaultProxy

Away = Callable[[], AbstractContextManager[None]]


@contextmanager
def removable(account: EmulatedAccount) -> Iterator[tuple[str, Away]]:
    """Gives a connection string of an account, and what takes its blobs and tables away for a while."""
    endpoints = (account.blob_endpoint, account.table_endpoint)
    with ExitStack() as stack:
        proxies = [stack.enter_context(FaultProxy(endpoint)) for endpoint in endpoints]
        storage = account.connection_string
        for endpoint, proxy in zip(endpoints, proxies, strict=True):
            storage = storage.replace(endpoint, proxy.url)

        @contextmanager
        def away() -> Iterator[None]:
            with ExitStack() as gone:
                for proxy in proxies:
                    gone.enter_context(proxy.away())
                yield

        yield storage, away
