"""What pages and relays may want to hear of billing, which does not know who listens.

All are sent after the database transaction has committed. A receiver that fails is logged and
changes nothing: senders use `send_robust`.
"""

from django.dispatch import Signal

# Calls were booked. Argument: organization_ids (frozenset of str).
usage_posted = Signal()

# A balance changed by something else than usage. Argument: organization_ids.
balance_changed = Signal()

# Refusals were counted, or a BlockEpisode opened or closed. Argument: organization_ids.
refusals_posted = Signal()

# A price version was published. Argument: model_id (str).
price_published = Signal()
