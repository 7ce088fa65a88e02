"""Which machines may be visited: public ones, and those of the inner network that are named in the settings.

Whoever types a start address, and every page that links or redirects, could otherwise make this server
call its own network. So each address that a name resolves to is checked, and the connection is made to
the checked address itself (`PinnedBackend`), never to what the name might resolve to a moment later.
"""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

import httpcore2
import httpx2

from core.errors import FetchFailed, FetchProblem, SettingsError

Address = IPv4Address | IPv6Address
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]
"""Host name and port to the addresses that it has; OSError when it has none."""

_NAT64 = IPv6Network("64:ff9b::/96")
_ALSO_NOT_PUBLIC = tuple(
    ip_network(text)
    for text in (
        *("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48"),
        *("3fff::/20", "5f00::/16", "2001:20::/28"),
    )
)
"""In IANA's registries of special addresses, and not in the tables of every Python 3.11."""
_COMPATIBLE = IPv6Network("::/96")
_ISATAP = (0x00005EFE, 0x02005EFE)
_LOOKS_NUMERIC = re.compile(r"(?:^|\.)(?:\d+|0x[0-9a-f]*)\.?$", re.IGNORECASE)


async def resolve(host: str, port: int) -> Sequence[str]:
    """Ask the operating system for all addresses of `host`."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


class AddressGuard:
    """Decides where a connection may go.

    Args:
        allow_private: exceptions for the inner network: host names, addresses and networks. A host name
            opens private and loopback addresses for that name; link-local ones (where clouds keep
            their keys) are only opened by naming the address or network.
        ports: the ports that may be called.
        resolver: name to addresses.

    Raises:
        SettingsError: an entry is neither a host name nor a network.
    """

    def __init__(
        self,
        *,
        allow_private: Iterable[str] = (),
        ports: Iterable[int] = (80, 443),
        resolver: Resolver = resolve,
    ) -> None:
        self._hosts: set[str] = set()
        self._networks: list[IPv4Network | IPv6Network] = []
        for entry in allow_private:
            self._allow(entry.strip().lower())
        self._ports = frozenset(ports)
        self._resolve = resolver

    def check_url(self, url: httpx2.URL) -> None:
        """Refuse what must not even be looked up.

        Raises:
            FetchFailed: another scheme than http and https, credentials, another port, a disguised address.
        """
        if url.scheme not in ("http", "https"):
            raise FetchFailed(FetchProblem.BLOCKED, "Only addresses with http:// and https:// are read.")
        if url.userinfo:
            raise FetchFailed(FetchProblem.BLOCKED, "An address must not hold a user name or password.")
        if not url.host:
            raise FetchFailed(FetchProblem.BLOCKED, "The address names no host.")
        self._check_port(url.port or (443 if url.scheme == "https" else 80))
        _plain_address(url.host)

    async def addresses(self, host: str, port: int) -> list[str]:
        """Return the addresses of `host` that a connection may be made to, each one checked.

        Raises:
            FetchFailed: it has none, or a single one of them is not allowed.
        """
        self._check_port(port)
        literal = _plain_address(host)
        try:
            found = [str(literal)] if literal else await self._resolve(host, port)
        except (OSError, UnicodeError):
            raise FetchFailed(FetchProblem.DNS, f"There is no host called {host}.") from None
        if not found:
            raise FetchFailed(FetchProblem.DNS, f"There is no host called {host}.")
        for text in found:
            if not self._is_allowed(ip_address(text.split("%")[0]), host.lower()):
                raise FetchFailed(
                    FetchProblem.BLOCKED,
                    f"{host} is at {text}, which is not a public address. If it is yours, allow it with "
                    "PERCORSO_CRAWL__ALLOW_PRIVATE.",
                )
        return [text for text in found if "%" not in text]

    def _allow(self, entry: str) -> None:
        try:
            self._networks.append(ip_network(entry, strict=False))
        except ValueError:
            if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", entry) or _LOOKS_NUMERIC.search(entry):
                raise SettingsError(
                    f"PERCORSO_CRAWL__ALLOW_PRIVATE: {entry!r} is neither a host name nor a network."
                ) from None
            self._hosts.add(entry)

    def _check_port(self, port: int) -> None:
        if port not in self._ports:
            allowed = ", ".join(map(str, sorted(self._ports)))
            raise FetchFailed(
                FetchProblem.BLOCKED, f"Port {port} is not allowed ({allowed}; see PERCORSO_CRAWL__PORTS)."
            )

    def _is_allowed(self, address: Address, host: str) -> bool:
        if any(address in network for network in self._networks if network.version == address.version):
            return True
        inner = _inside(address)
        if inner is not None:
            return self._is_allowed(inner, host)
        if _is_public(address):
            return True
        never = address.is_link_local or address.is_unspecified or address.is_multicast
        return host in self._hosts and not never and (address.is_private or address.is_loopback)


class PinnedBackend(httpcore2.AsyncNetworkBackend):
    """Opens connections to checked addresses only; host name, SNI and certificate stay those of the name.

    Args:
        guard: checks; every connection of the pool passes here, whatever asked for it.
    """

    def __init__(self, guard: AddressGuard) -> None:
        self._guard = guard
        self._network = httpcore2.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        addresses = await self._guard.addresses(host, port)
        for address in addresses[:-1]:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return await self._network.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


def _plain_address(host: str) -> Address | None:
    """Return the address that `host` is written as, or None for a name.

    Raises:
        FetchFailed: a number in another form (decimal, octal, hexadecimal, shortened), which system
            libraries read as an address.
    """
    try:
        return ip_address(host.strip("[]").split("%")[0])
    except ValueError:
        if _LOOKS_NUMERIC.search(host):
            raise FetchFailed(FetchProblem.BLOCKED, f"{host} is a number, not the name of a host.") from None
        return None


def _inside(address: Address) -> IPv4Address | None:
    """Return the IPv4 address that an IPv6 address only wraps (RFC 4291, 6052, 3056, 4380, 5214)."""
    if isinstance(address, IPv4Address):
        return None
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    number = int(address)
    compatible = address in _COMPATIBLE and number > 1
    # An inner network may be numbered like ISATAP: what it wraps cannot make a private address public.
    isatap = (number >> 32) & 0xFFFFFFFF in _ISATAP and _is_public(address)
    if address in _NAT64 or compatible or isatap:
        return IPv4Address(number & 0xFFFFFFFF)
    return None


def _is_public(address: Address) -> bool:
    site_local = isinstance(address, IPv6Address) and address.is_site_local
    special = any(address in network for network in _ALSO_NOT_PUBLIC if network.version == address.version)
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or site_local or special
    )
