"""The list of prices of a site, or of the defaults, and changing many of them at once: what would
come of it is shown before anything is written."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts import audit
from accounts.models import Site
from accounts.permissions import StaffAct
from accounts.web.doors import Door, staff_view
from accounts.web.pages import render_page
from billing import bulk_effects, bulk_prices, price_effects, price_words
from billing.bulk_prices import Line
from billing.models import Model
from billing.price_versions import PriceError, PriceVersion
from billing.price_words import Part
from relay import below_cost
from relay.web import price_rows
from relay.web.bulk_form import BulkForm
from relay.web.price_pages import frame, may_send
from relay.web.price_rows import Wanted

# The name of the second button of the form.
PUBLISH = "publish"


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
    wanted = price_rows.wanted(request, door)
    chosen = frozenset(request.POST.getlist("model"))
    page = price_rows.page(wanted, chosen)
    form = BulkForm(request.POST or None)
    change: dict[str, Any] = {}
    if request.method == "POST" and form.is_valid():
        shown = _change(request, form, wanted, chosen)
        if shown is None:
            return redirect(request.get_full_path())
        change = shown
    context = {
        **change,
        **frame(door),
        "wanted": wanted,
        "form": form,
        "rows": page.rows,
        "next_url": _address(request, page.last) if page.last else "",
        "first_url": _address(request, "") if wanted.after else "",
        "is_everything": wanted.is_everything,
        "models_url": _models_url(door, wanted.site),
        "vendors": price_rows.vendors(wanted.site),
        "sites": [] if door.site else Site.objects.order_by("id"),
        "days": price_effects.DAYS,
    }
    status = 422 if form.is_bound and form.errors else 200
    return render_page(request, "staff/price_list.html", context, status=status)


def _change(
    request: HttpRequest, form: BulkForm, wanted: Wanted, chosen: frozenset[str]
) -> dict[str, Any] | None:
    """What the page shows of the change; None once it is published."""
    picked = price_rows.picked(wanted, chosen)
    if picked is None:
        form.add_error(None, _too_many())
        return {}
    context = _worked_out(picked, form, wanted.site)
    if PUBLISH in request.POST and _is_agreed(form, context):
        if _publish(request, form, context["lines"], wanted.site):
            return None
        context = _worked_out(picked, form, wanted.site)
    return context


def _models_url(door: Door, site: Site | None) -> str:
    """Where a site's models are chosen."""
    if site is None or door.site:
        return reverse("site_models")
    return reverse("ops_site_models", args=[site.pk])


def _too_many() -> str:
    text = _("More than %(count)s models fit: search for fewer, or tick those to change.")
    return text % {"count": bulk_prices.MODELS_MAX}


def _address(request: HttpRequest, after: str) -> str:
    """Of the same list, after a model."""
    query = request.GET.copy()
    query.pop("after", None)
    if after:
        query["after"] = after
    return f"{request.path}?{query.urlencode()}" if query else request.path


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
    losses, margin_bp = price_rows.against(line.after, costs)
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
