"""Where a key may be used: from which addresses, and for which endpoints. Pure."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address

from relay.proxy.errors import ApiError, Cause
from relay.proxy.families import FAMILY_OF
from relay.proxy.types import Caller

NETWORKS_RULE = "networks of the key"
ENDPOINTS_RULE = "endpoints of the key"


def check(caller: Caller, *, endpoint: str, ip: str) -> None:
    """Raises ApiError (403) where the key may not be used; an address that nobody knows is in no
    network."""
    if caller.networks is not None and not is_within(ip, caller.networks):
        raise ApiError(Cause.IP_NOT_ALLOWED, detail=ip or "-", rule=NETWORKS_RULE)
    if caller.endpoints is not None:
        family = FAMILY_OF.get(endpoint)
        if family is not None and family not in caller.endpoints:
            raise ApiError(Cause.ENDPOINT_NOT_ALLOWED, detail=endpoint, rule=ENDPOINTS_RULE)


def is_within(ip: str, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    """Whether an address lies in one of the networks; one of IPv4 that a socket of IPv6 took in
    (RFC 4291, 2.5.5.2) is the address of IPv4."""
    try:
        address = ip_address(ip.partition("%")[0])
    except ValueError:
        return False
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address.version == each.version and address in each for each in networks)
