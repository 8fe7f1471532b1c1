"""What the trail of a key says, in words: acts, and what each of them changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from accounts.models import AuditRecord, BudgetPeriod, EndpointFamily
from billing.templatetags.money import amount

ACTS: Mapping[str, Promise] = {
    "key.create": gettext_lazy("Created"),
    "key.change": gettext_lazy("Changed"),
    "key.rotate": gettext_lazy("New secret"),
    "key.end_old_secret": gettext_lazy("Old secret ended"),
    "key.disable": gettext_lazy("Disabled"),
    "key.enable": gettext_lazy("Enabled"),
    "key.revoke": gettext_lazy("Revoked"),
}
FIELDS: Mapping[str, Promise] = {
    "name": gettext_lazy("Name"),
    "expires_at": gettext_lazy("Expires"),
    "allowed_models": gettext_lazy("Models"),
    "allowed_endpoints": gettext_lazy("Endpoints"),
    "allowed_networks": gettext_lazy("Addresses"),
    "requests_per_minute": gettext_lazy("Requests per minute"),
    "tokens_per_minute": gettext_lazy("Tokens per minute"),
    "concurrency": gettext_lazy("Calls at once"),
    "budget_nanos": gettext_lazy("Budget"),
    "budget_period": gettext_lazy("Budget period"),
    "last_four": gettext_lazy("Ends in"),
    "old_opens_until": gettext_lazy("Old secret works until"),
    "opens_until": gettext_lazy("Works until"),
}
_TIMES = ("expires_at", "old_opens_until", "opens_until")


@dataclass(frozen=True, slots=True)
class Change:
    """One field; `has_before` is false of what is new."""

    name: str
    before: str
    after: str
    has_before: bool


def act_of(action: str) -> str:
    """What was done, in the reader's language."""
    return str(ACTS.get(action, action))


def changes_of(entry: AuditRecord, currency: str) -> Iterator[Change]:
    """What an entry changed; of a new key only what was set."""
    before, after = entry.before or {}, entry.after or {}
    for field, label in FIELDS.items():
        if field in after and (field in before or after[field] not in (None, "")):
            yield Change(
                name=str(label),
                before=_shown(field, before.get(field), currency),
                after=_shown(field, after[field], currency),
                has_before=field in before,
            )


def _shown(field: str, value: Any, currency: str) -> str:
    if value is None or value == "":
        return "-"
    if field in _TIMES:
        return date_format(timezone.localtime(datetime.fromisoformat(value)), "Y-m-d H:i")
    if field == "budget_nanos":
        return amount(value, currency, 2)
    if field == "budget_period":
        return str(BudgetPeriod(value).label)
    if field == "allowed_endpoints":
        return ", ".join(family_name(each) for each in value)
    if isinstance(value, list):
        return ", ".join(str(each) for each in value)
    return f"{value:,}" if isinstance(value, int) else str(value)


def family_name(family: str) -> str:
    """A family of endpoints, in the reader's language."""
    return str(EndpointFamily(family).label) if family in EndpointFamily.values else family


def tenths(value: int | None) -> str:
    """Tenths of a percent: `97.1 %`."""
    return "-" if value is None else f"{value // 10}.{value % 10} %"
