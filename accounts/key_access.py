"""Which keys a member sees and may change: all of the organization's, or the ones they made.

The roles are `permissions.ALLOWED`: whoever manages all keys changes all; whoever makes keys sees
and changes their own; who may only look sees all and changes none.
"""

from django.db.models import QuerySet

from accounts.errors import AccountsError
from accounts.models import ApiKey, Membership
from accounts.permissions import Act, may


class KeyNotFound(AccountsError):
    """There is no such key, as far as this member is concerned."""

    code = "key_not_found"


class KeyNotYours(AccountsError):
    """The member may look at the key and no more."""

    code = "key_not_yours"


def visible(membership: Membership) -> QuerySet[ApiKey]:
    """The keys that a member may look at."""
    keys = ApiKey.objects.filter(organization=membership.organization_id)
    return keys.filter(created_by=membership.user_id) if _is_own_only(membership) else keys


def find(membership: Membership, key_id: str) -> ApiKey:
    """A key to look at. Raises KeyNotFound."""
    key = (
        visible(membership)
        .select_related("organization__site", "created_by")
        .filter(pk=key_id)
        .first()
    )
    if key is None:
        raise KeyNotFound
    return key


def find_changeable(membership: Membership, key_id: str) -> ApiKey:
    """A key to change. Raises KeyNotFound, KeyNotYours."""
    key = find(membership, key_id)
    if not may_change(membership, key):
        raise KeyNotYours
    return key


def may_change(membership: Membership, key: ApiKey) -> bool:
    """Whether a member may change or end a key of their organization."""
    if may(membership.role, Act.MANAGE_ALL_KEYS):
        return True
    return may(membership.role, Act.MAKE_KEYS) and key.created_by_id == membership.user_id


def _is_own_only(membership: Membership) -> bool:
    role = membership.role
    return may(role, Act.MAKE_KEYS) and not may(role, Act.MANAGE_ALL_KEYS)
