"""The SDKs' transport to an account that a caller has named: each connection goes to an address that was checked."""

import socket
from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NameResolutionError, NewConnectionError
from urllib3.util.connection import create_connection
from urllib3.util.retry import Retry

from shared.storage.azure_sdk import RequestsTransport
from shared.storage.public_addresses import Address, is_loopback, is_public, resolve


def make_transport(*, is_local: bool, **options: Any) -> RequestsTransport:
    """Make the transport: https to public addresses, and for a loop that is on one machine http to that machine.

    A host is looked up once for each connection, which goes to an address of that answer: no later answer of a name
    server, and no proxy, leads it elsewhere. Certificates are checked against the host's name as ever.

    Args:
        is_local: Whether the loop is on one machine.
        options: Those of `RequestsTransport`.
    """
    session = requests.Session()
    session.adapters.clear()
    session.mount("https://", _Adapter("https", _PublicPool))
    if is_local:
        session.mount("http://", _Adapter("http", _LoopbackPool))
    return RequestsTransport(session=session, **options)


def _connect(connection: HTTPConnection, accepts: Callable[[Address], bool]) -> socket.socket:
    """Connect to the first of a host's addresses that takes the connection; see `HTTPConnection._new_conn`."""
    try:
        addresses = resolve(connection.host, connection.port, accepts)
    except socket.gaierror as error:
        raise NameResolutionError(connection.host, connection, error) from error
    problem: OSError | None = None
    for address in addresses:
        place, source = (address, connection.port), connection.source_address
        try:
            return create_connection(place, connection.timeout, source, connection.socket_options)
        except OSError as error:
            problem = error
    raise NewConnectionError(connection, "no address of the host takes a connection") from problem


class _PublicConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self, is_public)


class _LoopbackConnection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self, is_loopback)


class _PublicPool(HTTPSConnectionPool):
    ConnectionCls = _PublicConnection


class _LoopbackPool(HTTPConnectionPool):
    ConnectionCls = _LoopbackConnection


class _Adapter(HTTPAdapter):
    """Takes its connections from one class of pools, and asks no proxy."""

    def __init__(self, scheme: str, pools: type[HTTPConnectionPool]) -> None:
        self._pools = {scheme: pools}
        super().__init__(max_retries=Retry(total=False, redirect=False, raise_on_status=False))

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        """See `HTTPAdapter`."""
        super().init_poolmanager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = self._pools

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        """See `HTTPAdapter`."""
        return super().send(request, *args, **{**options, "proxies": None})
