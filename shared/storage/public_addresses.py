"""Where this app connects to for an address that a caller has set: to public addresses only.

What only the app's own network reaches is not for callers: the platform's metadata service, an app beside this one, a
private endpoint. A loop that is on one machine with its storage may also connect to that machine.
"""

import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

from shared.errors import LoopError

type Address = IPv4Address | IPv6Address

_AZURE_PLATFORM: Final = ip_address("168.63.129.16")
"""The address of the platform itself in every virtual network of Azure, although it lies among the public ones.

Source: learn.microsoft.com, virtual-network/what-is-ip-address-168-63-129-16.
"""
_GLOBAL_UNICAST: Final = ip_network("2000::/3")
_NAT64: Final = ip_network("64:ff9b::/96")
"""Addresses that hold one of IPv4. Source: RFC 6052, 2.1."""


class NotPublic(LoopError):
    """A host that is not reached, since it has an address that is not public; the text holds no address."""

    def __init__(self) -> None:
        super().__init__("its host has an address that is not public")


def names_this_machine(host: str) -> bool:
    """Whether a host is this machine by its name, or by an address that every machine has."""
    try:
        return is_loopback(ip_address(host))
    except ValueError:
        return host.lower() == "localhost"


def resolve(host: str, port: int | None, accepts: Callable[[Address], bool]) -> list[str]:
    """Look a host up once; gives the addresses to connect to, all of which are accepted. Blocking.

    Raises:
        NotPublic: One of the host's addresses is not accepted.
        OSError: The host was not found.
    """
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(place[0]) for *_, place in entries))
    if not all(accepts(ip_address(address)) for address in addresses):
        raise NotPublic
    return addresses


def is_loopback(address: Address) -> bool:
    """Whether an address is that of this machine for itself."""
    return address.is_loopback


def is_public(address: Address) -> bool:
    """Whether an address is one of the public network, also where it holds another one."""
    if isinstance(address, IPv6Address):
        inner = _find_inner(address)
        return address in _GLOBAL_UNICAST and address.is_global if inner is None else is_public(inner)
    return address.is_global and not address.is_multicast and address != _AZURE_PLATFORM


def _find_inner(address: IPv6Address) -> IPv4Address | None:
    """The address of IPv4 that one of IPv6 leads to, if it does."""
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour
