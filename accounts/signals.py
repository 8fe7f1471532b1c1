"""What other layers may want to hear of; accounts itself does not know who listens."""

from django.dispatch import Signal

# A key's rights changed (revoked, disabled, limits). Argument: key (ApiKey).
key_changed = Signal()

# An organization's rights changed (suspended, plan). Argument: organization (Organization).
organization_changed = Signal()
