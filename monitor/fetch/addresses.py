"""Which network addresses a stranger's name may lead us to. Pure.

`ipaddress.is_global` is not asked: it differs between Python versions and passes NAT64, 6to4 and multicast (RELIABILITY 4.2, cases 66-68).
"""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Ip = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# IANA special-purpose registries (RFC 6890 and successors): everything that is not plain unicast to somebody's public machine.
_BLOCKED_V4 = tuple(
    IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)
_GLOBAL_V6 = IPv6Network("2000::/3")
_BLOCKED_V6 = tuple(IPv6Network(text) for text in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))

# Where cloud providers hand out credentials: refused even inside an allowed range.
_METADATA = frozenset(
    ip_address(text)
    for text in (
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "169.254.0.23",
        "169.254.42.42",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd20:ce::254",
        "fd00:42::42",
        "fe80::a9fe:a9fe",
    )
)
# RFC 6052, RFC 8215, and RFC 2765's "IPv4-translated" form: a translator on the way would dial the IPv4 address inside.
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"), IPv6Network("::ffff:0:0:0/96"))
_COMPATIBLE = IPv6Network("::/96")


def networks(ranges: tuple[str, ...]) -> tuple[Network, ...]:
    """Address ranges as written in the configuration ("10.1.2.0/24", "fd12::/16"). Raises ValueError for anything else."""
    return tuple(ip_network(text, strict=False) for text in ranges)


def is_address(host: str) -> bool:
    """True where a host is written as an address in its usual form; any other form is the system's to read."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def is_permitted(address: str, allowed: tuple[Network, ...] = ()) -> bool:
    """True where a connection to `address` may be made: public unicast, or inside an allowed range; never a metadata service."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return _permitted(ip, allowed)


def _permitted(ip: Ip, allowed: tuple[Network, ...]) -> bool:
    if ip in _METADATA:
        return False
    inner = _embedded(ip)
    if inner is not None and ip.version == 6 and ip.ipv4_mapped is not None:
        return _permitted(inner, allowed)
    if inner is not None and not _permitted(inner, allowed):
        return False
    if any(ip.version == network.version and ip in network for network in allowed):
        return True
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in _BLOCKED_V4)
    return ip in _GLOBAL_V6 and not any(ip in network for network in _BLOCKED_V6)


def _embedded(ip: Ip) -> IPv4Address | None:
    """The IPv4 address that a transition form carries inside: what a translator or tunnel would dial."""
    if isinstance(ip, IPv4Address):
        return None
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip.sixtofour is not None:
        return ip.sixtofour
    if ip.teredo is not None:
        return ip.teredo[1]
    if any(ip in network for network in _NAT64) or (ip in _COMPATIBLE and int(ip) > 1):
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return None
