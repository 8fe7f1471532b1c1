"""The SSRF guard: which addresses an Upstream may have. It judges addresses after resolution,
never names, so that decimal, octal and rebinding tricks all end at the same gate. Does no I/O."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

IPNetwork = IPv4Network | IPv6Network
IPAddress = IPv4Address | IPv6Address

# After the IANA IPv4 Special-Purpose Address Registry (RFC 6890) and RFC 1112 class D; a superset
# of what `ipaddress` of Python 3.11.7 calls private, reserved, loopback, link-local, multicast.
# Written out so that the verdict does not depend on the Python that runs.
REFUSED_V4 = tuple(
    IPv4Network(network)
    for network in (
        "0.0.0.0/8",  # "this network"; 0.0.0.0 reaches loopback on Linux
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # carrier-grade NAT, and cloud metadata at 100.100.100.200
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, and cloud metadata at 169.254.169.254
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "198.18.0.0/15",  # benchmarking
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)

# All public IPv6 unicast is in here. What is outside needs no list: ::, ::1, IPv4-mapped and
# IPv4-compatible forms, NAT64 (64:ff9b::/96, 64:ff9b:1::/48), fc00::/7, fe80::/10, ff00::/8.
PUBLIC_V6 = IPv6Network("2000::/3")
# After the IANA IPv6 Special-Purpose Address Registry (RFC 6890): the exceptions inside 2000::/3.
REFUSED_V6 = tuple(
    IPv6Network(network)
    for network in (
        "2001::/23",  # protocol assignments, with Teredo, which embeds IPv4
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4, which embeds IPv4
        "3fff::/20",  # documentation
    )
)


def is_public(address: IPAddress) -> bool:
    """Whether the address is ordinary, globally routed unicast, and embeds no other address."""
    if isinstance(address, IPv4Address):
        return not any(address in network for network in REFUSED_V4)
    return address in PUBLIC_V6 and not any(address in network for network in REFUSED_V6)


class AddressGuard:
    """Allows public addresses and the networks the operator named, nothing else."""

    def __init__(self, allowed_networks: Sequence[IPNetwork] = ()) -> None:
        self._allowed_networks = tuple(allowed_networks)

    def is_allowed(self, address_text: str) -> bool:
        """Judge a resolved address; text that is no address is not allowed.

        An IPv4-mapped address is allowed only by an IPv6 network that holds it: naming
        10.0.0.0/8 does not open ::ffff:10.0.0.1.
        """
        try:
            address = ip_address(address_text)
        except ValueError:
            return False
        # A network of the other IP version holds no address: `in` is False, not an error.
        return is_public(address) or any(address in network for network in self._allowed_networks)
