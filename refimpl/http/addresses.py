"""Which hosts are inside: this machine, its network, its link. What others name mustn't lead us there."""

from __future__ import annotations

import re

_OWN_NAMES = frozenset({"localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback"})
_NUMBERS = re.compile(r"[0-9a-fx.]+", re.ASCII)
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7", "fec0::/10")
_LINK_MULTICAST = ("224.0.0.0/24", "ff02::/16")
#: IPv6 addresses that stand for IPv4 ones, and how many bits are behind those (RFC 4291, 6052, 7915, 8215, 3056).
_CARRIERS = {
    "::ffff:0:0/96": 0,
    "::/96": 0,
    "64:ff9b::/96": 0,
    "64:ff9b:1::/48": 0,
    "::ffff:0:0:0/96": 0,
    "2002::/16": 80,
}


def is_inside(host: str) -> bool:
    """Whether `host` is a loopback, link-local, private (RFC 1918, 4193) or unspecified address, or a name of loopback.

    Addresses count in each spelling that resolvers take: ``127.1``, ``0x7f000001``, ``2130706433``,
    ``[::ffff:127.0.0.1]``, ``localhost.``. Other names aren't looked up.
    """
    name = _plain(host)
    if name in _OWN_NAMES or name.endswith(".localhost"):
        return True
    if not (":" in name or _NUMBERS.fullmatch(name)):
        return False
    import ipaddress
    import socket

    address: ipaddress.IPv4Address | ipaddress.IPv6Address
    try:
        if ":" in name:
            address = ipaddress.IPv6Address(name.partition("%")[0])
            if address > ipaddress.IPv6Address("::1"):
                behind = [bits for carrier, bits in _CARRIERS.items() if address in ipaddress.IPv6Network(carrier)]
                if behind:
                    address = ipaddress.IPv4Address(int(address) >> behind[0] & 0xFFFFFFFF)
        else:
            address = ipaddress.IPv4Address(socket.inet_aton(name))
    except (OSError, ValueError):
        return False
    if address.is_loopback or address.is_link_local or address.is_unspecified:
        return True
    return any(address in ipaddress.ip_network(network) for network in (*_PRIVATE, *_LINK_MULTICAST))


def _plain(host: str) -> str:
    """The host as resolvers understand it: no percent-encoding, no letters of other scripts that stand for ASCII."""
    name = host
    if "%" in name and ":" not in name:
        from urllib.parse import unquote

        name = unquote(name)
    if not name.isascii():
        import unicodedata

        name = unicodedata.normalize("NFKC", name).replace("\u3002", ".")
    return name.strip("[]").rstrip(".").lower()
