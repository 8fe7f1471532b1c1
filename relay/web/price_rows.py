"""The rows of a list of prices: of a site, or of the defaults, a page at a time. Writes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import Site
from accounts.web.doors import Door
from billing import bulk_prices, price_words, site_models
from billing.models import Model, Price
from billing.price_versions import PriceVersion
from billing.reports.price_list import SEARCH_CHARS_MAX
from relay import below_cost, margins
from relay.web.component_form import shown

# What is listed.
SHOWN = ("", "own", "review", "loss")
VENDORS_MAX = 200
# Quick to make and to read.
PAGE_ROWS = 100
# What is below cost or the site's own is seen by looking at each model: so many for one page.
LOOKED_AT_MAX = 500


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for."""

    search: str
    vendor: str
    show: str
    after: str  # the id of the model that the page before ended with
    site: Site | None

    @property
    def is_everything(self) -> bool:
        """Whether nothing is left out: then an empty list is empty."""
        return not (self.search or self.vendor or self.show or self.after)


@dataclass(frozen=True, slots=True)
class PriceRow:
    """One model and what it is sold for."""

    model: Model
    price: list[str]
    others: int  # components beside those
    is_own: bool
    is_priced: bool
    to_review: bool  # the default was changed after the site's own price
    margin_bp: int | None
    losses: list[str]
    next_at: datetime | None
    is_chosen: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Rows by the models' ids; `last` is where the next page goes on, empty at the end."""

    rows: list[PriceRow]
    last: str


def wanted(request: HttpRequest, door: Door) -> Wanted:
    """Read the address; what it asks in error is as if not asked, but for the site: 404."""
    asked = {name: str(text).replace("\0", "").strip() for name, text in request.GET.items()}
    return Wanted(
        search=asked.get("q", "")[:SEARCH_CHARS_MAX],
        vendor=asked.get("vendor", ""),
        show=asked["show"] if asked.get("show") in SHOWN else "",
        after=asked.get("after", ""),
        site=_site(door, asked.get("site", "")),
    )


def _site(door: Door, site_id: str) -> Site | None:
    """None: the defaults, which nobody should change who names a site that is none."""
    return door.find_site(site_id) if door.site or site_id else None


def page(wanted: Wanted, chosen: frozenset[str]) -> Page:
    """What fits, from `wanted.after` on; `chosen` are the ids of ticked models."""
    at_once = LOOKED_AT_MAX if wanted.show else PAGE_ROWS
    found = list(_searched(wanted).filter(pk__gt=wanted.after)[: at_once + 1])
    rows = _fitting(found[:at_once], wanted, chosen)
    if len(rows) > PAGE_ROWS:
        return Page(rows[:PAGE_ROWS], rows[PAGE_ROWS - 1].model.pk)
    return Page(rows, found[at_once - 1].pk if len(found) > at_once else "")


def picked(wanted: Wanted, chosen: frozenset[str]) -> list[Model] | None:
    """The models to change: those that were chosen, or with none of them all that fit the search,
    on whichever page; None where it is for more than can be changed at once."""
    models = _searched(wanted)
    if chosen:
        models = models.filter(pk__in=chosen)
    found = list(models[: bulk_prices.MODELS_MAX + 1])
    if len(found) > bulk_prices.MODELS_MAX:
        return None
    return [row.model for row in _fitting(found, wanted, chosen)]


def vendors(site: Site | None) -> list[str]:
    """Whose models there are."""
    names = _scope(site).exclude(owned_by="").order_by("owned_by")
    return list(names.values_list("owned_by", flat=True).distinct()[:VENDORS_MAX])


def against(
    components: Mapping[str, Any], costs: list[PriceVersion]
) -> tuple[list[str], int | None]:
    """What is below cost, and the least margin."""
    if not components or not costs:
        return [], None
    price = PriceVersion(0, components)
    return below_cost.words(price, costs), margins.least_bp(price, costs)


def _scope(site: Site | None) -> QuerySet[Model]:
    """What the site sells, priced or not; for the defaults every model."""
    return Model.objects.order_by("id") if site is None else site_models.sold(site)


def _searched(wanted: Wanted) -> QuerySet[Model]:
    search = Q(pk__icontains=wanted.search) | Q(name__icontains=wanted.search)
    found = _scope(wanted.site).filter(search)
    return found.filter(owned_by=wanted.vendor) if wanted.vendor else found


def _fitting(models: Sequence[Model], wanted: Wanted, chosen: frozenset[str]) -> list[PriceRow]:
    known = bulk_prices.in_force(wanted.site, timezone.now(), models)
    costs = below_cost.known_costs(model.pk for model in models)
    upcoming = _upcoming(wanted.site, models)
    rows = []
    for model in models:
        price, default = known.of(model.pk), known.defaults.get(model.pk)
        own = known.own.get(model.pk)
        components: Mapping[str, Any] = price.components if price else {}
        losses, margin_bp = against(components, costs.get(model.pk, []))
        row = PriceRow(
            model=model,
            price=shown(components),
            others=len(list(price_words.parts(components))) - _usual(components),
            is_own=own is not None,
            is_priced=price is not None,
            to_review=bool(own and default and default.effective_from > own.effective_from),
            margin_bp=margin_bp,
            losses=losses,
            next_at=upcoming.get(model.pk),
            is_chosen=model.pk in chosen,
        )
        if _fits(row, wanted.show):
            rows.append(row)
    return rows


def _fits(row: PriceRow, show: str) -> bool:
    return {"own": row.is_own, "review": row.to_review, "loss": bool(row.losses)}.get(show, True)


def _usual(components: Mapping[str, Any]) -> int:
    return sum(name in components for name in ("input", "cached_input", "output"))


def _upcoming(site: Site | None, models: Sequence[Model]) -> dict[str, datetime]:
    """When the next scheduled version of each model begins."""
    ids = [model.pk for model in models]
    rows = Price.objects.filter(
        model__in=ids, site=site, organization=None, effective_from__gt=timezone.now()
    ).order_by("-effective_from")
    return dict(rows.values_list("model_id", "effective_from"))
