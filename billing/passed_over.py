"""The routes that a Call passed over, as its record has them, with the reason in words. Knows the
words and no upstream; the relay decides (`relay/proxy/passing.py`)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.models import UsageRecord

WORDS: Mapping[str, Promise] = {
    "route_off": _("the route is switched off"),
    "upstream_paused": _("the upstream is paused"),
    "unusable": _("its address, credential or cost cannot be read"),
    "not_wanted": _("the call does not want this provider"),
    "not_able": _("it does not serve this endpoint"),
    "upstream_rests": _("the upstream is left alone"),
    "credentials_rest": _("every credential is left alone"),
    "full": _("as many calls as may be are under way there"),
}


@dataclass(frozen=True, slots=True)
class PassedOver:
    """One upstream that would have come before, and why it did not."""

    upstream: str
    reason: str

    @property
    def words(self) -> str:
        """In the reader's language; a reason of a newer relay as it is."""
        return str(WORDS.get(self.reason, self.reason))


def of(record: UsageRecord) -> Sequence[PassedOver]:
    """What the Call passed over, in the order in which it was noted."""
    return [PassedOver(upstream, reason) for upstream, reason in record.passed or ()]
