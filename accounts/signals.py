"""What other layers may want to hear of; accounts itself does not know who listens."""

from django.dispatch import Signal

# A key's rights changed (revoked, disabled, limits). Argument: key (ApiKey).
key_changed = Signal()

# An organization's rights changed (suspended, plan). Argument: organization (Organization).
organization_changed = Signal()

# A member has another role, inside the transaction. Arguments: membership, by (audit.Actor).
role_changed = Signal()

# Somebody is no member any more, inside the transaction. Arguments: organization, user, by.
membership_ended = Signal()

# A customer is new, inside the transaction. Arguments: organization, owner (User or None).
organization_created = Signal()
