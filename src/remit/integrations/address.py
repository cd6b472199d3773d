"""Which hosts a connector may reach, and which network addresses stand behind them."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from remit.errors import AddressRefusedError, SettingsError

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

# Prefixes that carry another address inside; Python calls them global (RFC 6052, RFC 3056).
_TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("2002::/16"))
_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A host that a connector's settings list; the defaults are the strict ones."""

    name: str
    port: int = 443
    plain: bool = False  # http without TLS
    loopback: bool = False  # this machine, and nothing else; http is allowed
    private: bool = False  # an address of the organisation's own network

    @property
    def schemes(self) -> frozenset[str]:
        """The schemes that may be used."""
        return frozenset({"https", "http"} if self.plain or self.loopback else {"https"})


def host_of(
    url: str, *, plain: bool = False, loopback: bool = False, private: bool = False
) -> Host:
    """Return the host that a connector's own `url` names; raises `SettingsError`."""
    parts = _split(url)
    if parts is None:
        raise SettingsError(f"`{url}` is not an http address; write `https://host/path`")
    scheme, name, port = parts
    host = Host(name=name, port=port, plain=plain, loopback=loopback, private=private)
    if scheme not in host.schemes:
        raise SettingsError(
            f"`{url}` is not encrypted; write https, or list the host with `plain = true`, "
            "or with `loopback = true` when it runs on this machine"
        )
    return host


def listed(url: str, hosts: Iterable[Host]) -> Host:
    """Return the listed host that `url` is on; raises `AddressRefusedError`."""
    parts = _split(url)
    if parts is not None:
        scheme, name, port = parts
        host = on_list(name, port, hosts)
        if scheme in host.schemes:
            return host
    raise AddressRefusedError("the address is not an encrypted one of a listed host; list it so")


def on_list(name: str, port: int, hosts: Iterable[Host]) -> Host:
    """Return the listed host of that name and port; raises `AddressRefusedError`."""
    for host in hosts:
        if (host.name, host.port) == (name, port):
            return host
    raise AddressRefusedError("the address is not on the connector's list of hosts; list it there")


def require_allowed(addresses: Iterable[str], host: Host) -> None:
    """Raise `AddressRefusedError` if any of the addresses that a name has may not be reached."""
    for written in addresses:
        if not _allowed(_unwrapped(ipaddress.ip_address(written.partition("%")[0])), host):
            raise AddressRefusedError(
                f"`{host.name}` has an address that may not be reached; "
                "list the host with `loopback = true` or `private = true` if that is meant"
            )


def _allowed(address: Address, host: Host) -> bool:
    if host.loopback:
        return address.is_loopback
    if any(address in network for network in _TRANSLATED if network.version == address.version):
        return False
    if address.is_global and not address.is_multicast:
        return True
    return host.private and address.is_private and not _special(address)


def _special(address: Address) -> bool:
    """Is this an address with a meaning of its own, such as a cloud's metadata server?"""
    return (
        address.is_loopback
        or address.is_link_local
        or address.is_multicast
        or address.is_reserved
        or address.is_unspecified
    )


def _unwrapped(address: Address) -> Address:
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _split(url: str) -> tuple[str, str, int] | None:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or parts.username or parts.password:
        return None
    return parts.scheme, parts.hostname, port or _PORTS[parts.scheme]
