"""No key does more than its maker may: what becomes of keys whose maker leaves or is given a role
that makes none. They are disabled, never revoked: whoever manages all keys may enable them again
and so answer for them. (The keys of a suspended person stop by themselves while it lasts.)
"""

from typing import Any

from accounts import audit
from accounts.api_keys import disable_keys_of
from accounts.models import Membership, Organization, User
from accounts.permissions import Act, may
from accounts.signals import membership_ended, role_changed

LEFT = "their maker is no member any more"
DEMOTED = "their maker's role makes no keys"


def connect() -> None:
    """Listen to the changes of members; they are sent inside their transaction."""
    membership_ended.connect(on_membership_ended)
    role_changed.connect(on_role_changed)


def on_membership_ended(organization: Organization, user: User, by: audit.Actor, **_: Any) -> None:
    disable_keys_of(user, organization, by=by, reason=LEFT)


def on_role_changed(membership: Membership, by: audit.Actor, **_: Any) -> None:
    if not may(membership.role, Act.MAKE_KEYS):
        disable_keys_of(membership.user, membership.organization, by=by, reason=DEMOTED)
