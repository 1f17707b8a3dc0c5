"""Where a call comes from: from this machine or another, from the host's own page or a page of another origin."""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address

from localhost.host.http_trigger import Scope

_USUAL_PORTS = {"http": 80, "https": 443}


def is_from_here(scope: Scope) -> bool:
    """Say whether the caller is on this machine: at an address that only it has, or at the one that was called."""
    client, server = scope["client"][0], scope["server"][0]
    return client == server or _address(client).is_loopback


def is_from_own_page(scope: Scope, headers: Mapping[str, str]) -> bool:
    """Say whether a call names the address that took it, and comes from no page or from one of this address.

    Whoever owns a name can have it lead here, so a name, and a page of it, count for nothing; `localhost` is nobody's.
    """
    host = headers.get("host", "").lower()
    own = f"{scope['scheme']}://{host}"
    return host in _own_hosts(scope["scheme"], *scope["server"][:2]) and headers.get("origin", own) == own


def _own_hosts(scheme: str, server: str, port: int) -> set[str]:
    address = _address(server)
    names = [f"[{address}]" if address.version == 6 else str(address)]
    names += ["localhost"] if address.is_loopback else []
    return {f"{name}:{port}" for name in names} | (set(names) if port == _USUAL_PORTS[scheme] else set())


def _address(text: str) -> IPv4Address | IPv6Address:
    """Read an address without its zone; one of IPv4 that came over IPv6 as what it is."""
    address = ip_address(text.partition("%")[0])
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address
