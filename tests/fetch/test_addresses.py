"""Which addresses may be dialled (fault matrix, cases 66 to 68)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.fetch.addresses import is_permitted, networks

PRIVATE = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.255",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "2002:808:808::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "2001:0:7f00:1::",
]
PUBLIC = [
    "1.1.1.1",
    "8.8.8.8",
    "100.63.255.255",
    "100.128.0.1",
    "172.15.0.1",
    "172.32.0.1",
    "192.0.1.1",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450::1",
    "::ffff:8.8.8.8",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_addresses(address: str) -> None:
    """Nothing that is not plain public unicast is dialled, in whatever form."""
    assert not is_permitted(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses(address: str) -> None:
    """The public internet is reachable."""
    assert is_permitted(address)


@pytest.mark.parametrize("address", ["10.1.2.3", "::ffff:10.1.2.3", "fd12::1", "127.0.0.1"])
def test_ranges_can_be_allowed(address: str) -> None:
    """A configured range is reachable, in IPv6 clothes too."""
    assert is_permitted(address, networks(("10.1.2.0/24", "fd12::/16", "127.0.0.1")))


@pytest.mark.parametrize(
    "address",
    [
        "169.254.169.254",
        "::ffff:169.254.169.254",
        "169.254.170.2",
        "fd00:ec2::254",
        "100.100.100.200",
        "64:ff9b::a9fe:a9fe",
        "2002:a9fe:a9fe::",
        "169.254.0.23",
        "169.254.42.42",
        "fd00:42::42",
        "fe80::a9fe:a9fe%eth0",
        "::ffff:0:169.254.169.254",
        "::169.254.169.254",
    ],
)
def test_metadata_is_never_allowed(address: str) -> None:
    """Services that hand out credentials stay out of reach whatever is allowed."""
    assert not is_permitted(address, networks(("0.0.0.0/0", "::/0")))


@given(st.text(max_size=40))
def test_garbage_is_no_address(text: str) -> None:
    """What is no address is not permitted, and nothing raises."""
    is_permitted(text)
    assert not is_permitted(f"x{text}")


@given(st.ip_addresses(v=4))
def test_mapped_addresses_count_as_what_they_carry(address: object) -> None:
    """An IPv4 address and its mapped form get the same verdict."""
    assert is_permitted(str(address)) == is_permitted(f"::ffff:{address}")
