"""The SSRF guard knows every address that is not an ordinary public one."""

from ipaddress import ip_network

import pytest

from relay.proxy.upstream.guard import AddressGuard

PUBLIC = ["1.1.1.1", "8.8.8.8", "100.63.255.255", "100.128.0.0", "172.15.0.1", "172.32.0.1",
          "223.255.255.255", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"]  # fmt: skip
REFUSED = [
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.0.1",
    "169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1",
    "192.168.1.1", "198.18.0.1", "198.19.255.255", "198.51.100.7", "203.0.113.9", "224.0.0.1",
    "239.1.1.1", "240.0.0.1", "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1",
    "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::",
    "2002:808:808::", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0",
    "fec0::1", "ff02::1",
]  # fmt: skip
NOT_ADDRESSES = ["", "localhost", "2130706433", "0x7f.1", "0177.0.0.1", "127.1"]


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_pass(address: str) -> None:
    assert AddressGuard().is_allowed(address)


@pytest.mark.parametrize("address", [*REFUSED, *NOT_ADDRESSES])
def test_all_others_are_refused(address: str) -> None:
    assert not AddressGuard().is_allowed(address)


def test_the_operator_can_open_a_network() -> None:
    guard = AddressGuard([ip_network("10.1.0.0/16"), ip_network("fd00::/8")])
    assert guard.is_allowed("10.1.2.3")
    assert guard.is_allowed("fd00::1")
    assert not guard.is_allowed("10.2.0.1")


def test_an_open_ipv4_network_does_not_open_its_mapped_form() -> None:
    assert not AddressGuard([ip_network("10.0.0.0/8")]).is_allowed("::ffff:10.0.0.1")
