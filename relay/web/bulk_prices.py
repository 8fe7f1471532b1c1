"""The list of prices of a site, or of the defaults, and changing many of them at once: what would
come of it is shown before anything is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts import audit
from accounts.models import Site
from accounts.permissions import StaffAct
from accounts.web.doors import Door, staff_view
from accounts.web.pages import render_page
from billing import bulk_effects, bulk_prices, price_effects, price_words, site_models
from billing.bulk_prices import InForce, Line
from billing.models import Model, Price
from billing.price_versions import PriceError, PriceVersion
from billing.price_words import Part
from billing.reports.price_list import SEARCH_CHARS_MAX
from relay import below_cost, margins
from relay.web.bulk_form import BulkForm
from relay.web.component_form import shown
from relay.web.price_pages import frame, may_send

# The name of the second button of the form.
PUBLISH = "publish"
# What is listed.
SHOWN = ("", "own", "review", "loss")
VENDORS_MAX = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the address asks for."""

    search: str
    vendor: str
    show: str
    site: Site | None


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
class DiffRow:
    """A line with what is shown of it: each amount before and after."""

    line: Line
    parts: list[tuple[Part | None, Part | None]]
    losses: list[str]
    margin_bp: int | None


@staff_view(StaffAct.SEE_SITE)
@require_http_methods(["GET", "POST"])
def prices(request: HttpRequest, door: Door) -> HttpResponse:
    """T4 and O5: every price of the scope; a POST changes those that were chosen."""
    may_send(request, door)
    wanted = _wanted(request, door)
    chosen = set(request.POST.getlist("model"))
    models = _models(wanted)
    known = bulk_prices.in_force(wanted.site, timezone.now(), models)
    rows = [row for row in _rows(models, known, wanted.site, chosen) if _fits(row, wanted)]
    form = BulkForm(request.POST or None)
    context: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        picked = [row.model for row in rows if not chosen or row.model.pk in chosen]
        context = _worked_out(picked, form, wanted.site)
        if PUBLISH in request.POST and _is_agreed(form, context):
            published = _publish(request, form, context["lines"], wanted.site)
            if published:
                return redirect(request.get_full_path())
            context = _worked_out(picked, form, wanted.site)
    context |= {
        **frame(door),
        "wanted": wanted,
        "form": form,
        "rows": rows,
        "vendors": _vendors(wanted.site),
        "sites": [] if door.site else Site.objects.order_by("id"),
        "days": price_effects.DAYS,
    }
    status = 422 if form.is_bound and form.errors else 200
    return render_page(request, "staff/price_list.html", context, status=status)


def _wanted(request: HttpRequest, door: Door) -> Wanted:
    asked = request.GET
    site = door.site or Site.objects.filter(pk=asked.get("site", "")).first()
    return Wanted(
        search=asked.get("q", "").replace("\0", "").strip()[:SEARCH_CHARS_MAX],
        vendor=asked.get("vendor", ""),
        show=shown_part if (shown_part := asked.get("show", "")) in SHOWN else "",
        site=site,
    )


def _scope(site: Site | None) -> QuerySet[Model]:
    """What the site sells, priced or not; for the defaults every model."""
    return Model.objects.order_by("id") if site is None else site_models.sold(site)


def _models(wanted: Wanted) -> list[Model]:
    """Those of the scope that the search is for, at most MODELS_MAX."""
    search = Q(pk__icontains=wanted.search) | Q(name__icontains=wanted.search)
    found = _scope(wanted.site).filter(search)
    if wanted.vendor:
        found = found.filter(owned_by=wanted.vendor)
    return list(found[: bulk_prices.MODELS_MAX])


def _vendors(site: Site | None) -> list[str]:
    names = (
        _scope(site).exclude(owned_by="").order_by("owned_by").values_list("owned_by", flat=True)
    )
    return list(names.distinct()[:VENDORS_MAX])


def _fits(row: PriceRow, wanted: Wanted) -> bool:
    return {"own": row.is_own, "review": row.to_review, "loss": bool(row.losses)}.get(
        wanted.show, True
    )


def _rows(
    models: Sequence[Model], known: InForce, site: Site | None, chosen: set[str]
) -> list[PriceRow]:
    costs = below_cost.known_costs(model.pk for model in models)
    upcoming = _upcoming(site)
    rows = []
    for model in models:
        price, default = known.of(model.pk), known.defaults.get(model.pk)
        own = known.own.get(model.pk)
        components: Mapping[str, Any] = price.components if price else {}
        losses, margin_bp = _against(components, costs.get(model.pk, []))
        rows.append(
            PriceRow(
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
        )
    return rows


def _usual(components: Mapping[str, Any]) -> int:
    return sum(name in components for name in ("input", "cached_input", "output"))


def _upcoming(site: Site | None) -> dict[str, datetime]:
    """When the next scheduled version of each model begins."""
    rows = Price.objects.filter(
        site=site, organization=None, effective_from__gt=timezone.now()
    ).order_by("-effective_from")
    return dict(rows.values_list("model_id", "effective_from"))


def _against(
    components: Mapping[str, Any], costs: list[PriceVersion]
) -> tuple[list[str], int | None]:
    """What is below cost, and the least margin."""
    if not components or not costs:
        return [], None
    price = PriceVersion(0, components)
    return below_cost.words(price, costs), margins.least_bp(price, costs)


def _worked_out(models: Sequence[Model], form: BulkForm, site: Site | None) -> dict[str, Any]:
    """The lines of the change, what is lost by it, and its effect; nothing is written."""
    at = form.cleaned_data["effective_from"]
    lines = bulk_prices.work_out(models, form.rule, site=site, basis=form.basis_chosen, at=at)
    costs = below_cost.known_costs(line.model.pk for line in lines)
    diff = [_diff(line, costs.get(line.model.pk, [])) for line in lines]
    return {
        "lines": lines,
        "diff": [row for row in diff if row.line.is_changed],
        "refused": [line for line in lines if line.problem],
        "unchanged": sum(not line.is_changed and not line.problem for line in lines),
        "losing": [row for row in diff if row.losses and row.line.is_changed],
        "effect": bulk_effects.effect(lines, site=site, now=timezone.now()),
        "seal": bulk_prices.seal(lines, site=site, at=at),
    }


def _diff(line: Line, costs: list[PriceVersion]) -> DiffRow:
    before = {part.word: part for part in price_words.parts(line.before)}
    after = {part.word: part for part in price_words.parts(line.after)}
    words = [*before, *(word for word in after if word not in before)]
    pairs = [(before.get(word), after.get(word)) for word in words]
    losses, margin_bp = _against(line.after, costs)
    return DiffRow(line, [pair for pair in pairs if pair[0] != pair[1]], losses, margin_bp)


def _is_agreed(form: BulkForm, context: dict[str, Any]) -> bool:
    """Whether this very change was seen, and what it loses accepted."""
    if form.cleaned_data["seal"] != context["seal"]:
        form.add_error(None, _("Prices or the form changed meanwhile: look at it once more."))
        return False
    if context["losing"] and not form.cleaned_data["accepts_loss"]:
        form.add_error("accepts_loss", _("Some prices are below cost: agree to that, too."))
        return False
    return True


def _publish(
    request: HttpRequest, form: BulkForm, lines: Sequence[Line], site: Site | None
) -> bool:
    data = form.cleaned_data
    try:
        made = bulk_prices.publish(
            lines,
            site=site,
            at=data["effective_from"],
            by=audit.actor_of(request),
            reason=data["reason"],
        )
    except bulk_prices.PricesMoved:
        form.add_error(None, _("Prices or the form changed meanwhile: look at it once more."))
        return False
    except PriceError:
        form.add_error("effective_from", _("Another version begins then, or it has passed."))
        return False
    text = ngettext("%(count)s price is published.", "%(count)s prices are published.", len(made))
    messages.success(request, text % {"count": len(made)})
    return True
