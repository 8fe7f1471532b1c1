"""What a token of the management API may be allowed, by word; and which kind may carry which.

A scope never gives what the role of whoever made the token does not (`accounts.permissions`).
"""

from collections.abc import Iterable
from enum import StrEnum

from accounts.models import TokenKind


class Scope(StrEnum):
    """`…:write` includes `…:read`."""

    NOTHING = ""  # of what every token may ask: who it is itself
    ORGANIZATION_READ = "organization:read"
    ORGANIZATION_WRITE = "organization:write"
    KEYS_READ = "keys:read"
    KEYS_WRITE = "keys:write"
    USAGE_READ = "usage:read"
    MONEY_READ = "money:read"
    MONEY_WRITE = "money:write"
    MEMBERS_READ = "members:read"
    MEMBERS_WRITE = "members:write"
    AUDIT_READ = "audit:read"
    SITE_READ = "site:read"
    SITE_WRITE = "site:write"
    STAFF_READ = "staff:read"  # who runs a site, or the deployment
    STAFF_WRITE = "staff:write"
    CUSTOMERS_READ = "customers:read"
    CUSTOMERS_WRITE = "customers:write"
    PRICES_READ = "prices:read"
    PRICES_WRITE = "prices:write"
    OPS_READ = "ops:read"
    OPS_WRITE = "ops:write"


_OF_CUSTOMERS = frozenset(
    {
        Scope.ORGANIZATION_READ,
        Scope.ORGANIZATION_WRITE,
        Scope.KEYS_READ,
        Scope.KEYS_WRITE,
        Scope.USAGE_READ,
        Scope.MONEY_READ,
        Scope.MONEY_WRITE,
        Scope.MEMBERS_READ,
        Scope.MEMBERS_WRITE,
        Scope.AUDIT_READ,
    }
)
_OF_SITES = frozenset(
    {
        Scope.SITE_READ,
        Scope.SITE_WRITE,
        Scope.STAFF_READ,
        Scope.STAFF_WRITE,
        Scope.CUSTOMERS_READ,
        Scope.CUSTOMERS_WRITE,
        Scope.PRICES_READ,
        Scope.PRICES_WRITE,
        Scope.MONEY_READ,
        Scope.MONEY_WRITE,
        Scope.AUDIT_READ,
    }
)

CARRIED: dict[str, frozenset[Scope]] = {
    TokenKind.PERSONAL: frozenset(Scope) - {Scope.NOTHING},
    TokenKind.ORGANIZATION: _OF_CUSTOMERS,
    TokenKind.SITE: _OF_SITES,
    TokenKind.OPERATOR: _OF_SITES | {Scope.OPS_READ, Scope.OPS_WRITE},
}

# What only staff can use: a personal token may carry them, and they are offered to staff alone.
STAFF_SCOPES = (_OF_SITES | {Scope.OPS_READ, Scope.OPS_WRITE}) - _OF_CUSTOMERS


def includes(held: Iterable[str], wanted: Scope) -> bool:
    """Whether `wanted` is among the scopes held, or the reading half of one."""
    scopes = set(held)
    if wanted is Scope.NOTHING:
        return True
    return wanted.value in scopes or wanted.value.replace(":read", ":write") in scopes
