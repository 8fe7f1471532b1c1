"""Versions of prices as pages list them: the newest first, each with its amounts and its state."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.models import Organization, Site
from billing import price_words
from billing.models import Model, Price
from billing.price_words import Part

# Prices change a few times a year; the newest are shown.
VERSIONS_MAX = 200


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A version with its amounts and its state: scheduled, now, past or cancelled; `ends` has no
    amounts."""

    price: Price
    parts: list[Part]
    state: str

    @property
    def ends(self) -> bool:
        return not self.parts


def of_model(model: Model, site: Site | None, now: datetime) -> list[VersionRow]:
    """Every scope's; with a site, what its staff may know of: its own, the defaults, and the
    contracts of its customers."""
    rows = Price.every.filter(model=model)
    if site is not None:
        is_default = Q(site=None, organization=None)
        rows = rows.filter(Q(site=site) | is_default | Q(organization__site=site))
    return _listed(rows, now)


def of_customer(
    organization: Organization, now: datetime, *, model: Model | None = None
) -> list[VersionRow]:
    """The contract prices of a customer, of one model or by model."""
    rows = Price.every.filter(organization=organization)
    return _listed(rows if model is None else rows.filter(model=model), now)


def _listed(rows: "QuerySet[Price]", now: datetime) -> list[VersionRow]:
    named = rows.select_related("site", "organization__site", "created_by")
    return states(named.order_by("-effective_from", "-pk")[:VERSIONS_MAX], now)


def states(rows: Iterable[Price], now: datetime) -> list[VersionRow]:
    """The state of each; `rows` come newest first."""
    seen: set[tuple[str, str | None, str | None]] = set()
    found = []
    for row in rows:
        scope = (row.model_id, row.site_id, row.organization_id)
        if row.cancelled_at is not None:
            state = "cancelled"
        elif row.effective_from > now:
            state = "scheduled"
        else:
            state = "past" if scope in seen else "now"
            seen.add(scope)
        found.append(VersionRow(row, list(price_words.parts(row.components)), state))
    return found
