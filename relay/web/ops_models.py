"""Staff pages of models: list, add, change. Their routes and prices have pages of their own."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts import audit
from accounts.web.access import operator_page
from accounts.web.pages import render_page
from billing.capabilities import WORDS
from billing.models import Model, Price
from billing.models.catalog import MODEL_ID
from relay import costs, offers
from relay.catalog.specs import TOKENS_MAX
from relay.models import Cost, ModelAlias, Route
from relay.web.alias_form import AliasForm
from relay.web.component_form import shown

# A page of the list; the search and the next page have the rest.
PAGE_ROWS = 100
SEARCH_CHARS_MAX = 200


class ModelForm(forms.Form):
    """What a model is."""

    name = forms.CharField(label=gettext_lazy("Name"), required=False, max_length=200)
    owned_by = forms.CharField(label=gettext_lazy("Owned by"), required=False, max_length=100)
    context_tokens = forms.IntegerField(
        label=gettext_lazy("Context (tokens)"), min_value=1, max_value=TOKENS_MAX, initial=128_000
    )
    max_output_tokens = forms.IntegerField(
        label=gettext_lazy("Longest output (tokens)"),
        min_value=1,
        max_value=TOKENS_MAX,
        initial=4_096,
        help_text=gettext_lazy("What is held for a call that names no limit of its own."),
    )
    capabilities = forms.MultipleChoiceField(
        label=gettext_lazy("It can"),
        choices=[(name.value, word) for name, word in WORDS.items()],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


class NewModelForm(ModelForm):
    """The same with the id, which never changes."""

    id = forms.RegexField(
        MODEL_ID.regex,
        label=gettext_lazy("Id"),
        max_length=200,
        error_messages={"invalid": gettext_lazy("Only letters, digits and . _ : / + @ -")},
        help_text=gettext_lazy("What customers call it by. It cannot be changed later."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_id(self) -> str:
        """A model would take the name from whoever calls another by it."""
        model_id = str(self.cleaned_data["id"])
        if ModelAlias.objects.filter(alias=model_id).exists():
            raise ValidationError(_("It is a further name of another model."))
        return model_id


class EditModelForm(ModelForm):
    """The same with whether it is offered."""

    is_active = forms.BooleanField(label=gettext_lazy("Offered to customers"), required=False)
    retires_at = forms.DateTimeField(
        label=gettext_lazy("Ends on"),
        required=False,
        help_text=gettext_lazy("From then on calls get 404. Lists show it before."),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    successor = forms.ModelChoiceField(
        label=gettext_lazy("Successor"),
        queryset=Model.objects.all(),
        required=False,
        # Typed: a list of thousands is longer than the rest of the page together.
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": gettext_lazy("none")}),
        help_text=gettext_lazy("What the 404 tells callers to use instead."),
    )


@dataclass(frozen=True, slots=True)
class ModelRow:
    """One model, the default price in force, and what keeps it from being called."""

    model: Model
    price: list[str]
    route_count: int
    lacks_price: bool
    lacks_route: bool


@require_safe
@operator_page
def model_list(request: HttpRequest) -> HttpResponse:
    """Models with their prices by id, a page at a time, or those that fit a search."""
    search, after = (
        request.GET.get(name, "").replace("\0", "").strip()[:SEARCH_CHARS_MAX]
        for name in ("q", "after")
    )
    models = Model.objects.filter(pk__gt=after) if after else Model.objects.all()
    if search:
        models = models.filter(Q(pk__icontains=search) | Q(name__icontains=search))
    found = rows(models.order_by("id")[: PAGE_ROWS + 1])
    shown_rows = found[:PAGE_ROWS]
    kept = {"q": search} if search else {}
    more = urlencode({**kept, "after": shown_rows[-1].model.pk}) if shown_rows else ""
    context = {
        "rows": shown_rows,
        "search": search,
        "is_narrowed": bool(search or after),
        "next_url": f"?{more}" if len(found) > PAGE_ROWS else "",
    }
    return render_page(request, "ops/models.html", context)


def rows(models: Iterable[Model]) -> list[ModelRow]:
    """What the list says of some models. Two queries, beside theirs."""
    shown_models = list(models)
    ids = [model.pk for model in shown_models]
    routes = Route.objects.filter(model__in=ids, is_active=True, upstream__is_active=True)
    usable = dict(routes.values_list("model").annotate(count=Count("pk")))
    prices = defaults_in_force(ids)
    return [
        ModelRow(
            model=model,
            price=shown(prices.get(model.pk, {})),
            route_count=usable.get(model.pk, 0),
            lacks_price=model.pk not in prices,
            lacks_route=model.pk not in usable,
        )
        for model in shown_models
    ]


def incomplete(rows_max: int) -> list[ModelRow]:
    """Offered models that nobody can call: without a default price in force, or without a route.
    One query, which tells what each lacks and no more."""
    priced = _defaults(timezone.now())
    routed = Route.objects.filter(is_active=True, upstream__is_active=True)
    lacking = ~Q(pk__in=priced.values("model")) | ~Q(pk__in=routed.values("model"))
    found = Model.objects.filter(lacking, is_active=True).annotate(
        is_priced=Exists(priced.filter(model=OuterRef("pk"))),
        is_routed=Exists(routed.filter(model=OuterRef("pk"))),
    )
    return [
        ModelRow(model, [], 0, lacks_price=not model.is_priced, lacks_route=not model.is_routed)
        for model in found.order_by("id")[:rows_max]
    ]


def defaults_in_force(model_ids: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """The default components now, of some models. One query."""
    versions = _defaults(timezone.now()).filter(model__in=list(model_ids))
    latest = versions.order_by("model_id", "-effective_from").distinct("model_id")
    return {row.model_id: row.components for row in latest}


def _defaults(now: datetime) -> QuerySet[Price]:
    return Price.objects.filter(site=None, organization=None, effective_from__lte=now)


@require_http_methods(["GET", "POST"])
@operator_page
def create_model(request: HttpRequest) -> HttpResponse:
    """Add one, then go on to its price and routes."""
    form = NewModelForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values: dict[str, Any] = dict(form.cleaned_data)
        try:
            model = offers.create_model(values.pop("id"), **values, by=audit.actor_of(request))
        except IntegrityError:
            form.add_error("id", _("There is one with this id already."))
        else:
            text = _("%(id)s is added. It can be called once it has a price and a route.")
            messages.success(request, text % {"id": model.pk})
            return redirect("ops_model", model.pk)
    status = 422 if form.is_bound else 200
    return render_page(request, "ops/model_new.html", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
@operator_page
def model_detail(request: HttpRequest, model_id: str) -> HttpResponse:
    """Change one; its routes, its further names and its price in force."""
    model = get_object_or_404(Model, pk=model_id)
    form = _edit_form(model, request)
    if request.method == "POST" and form.is_valid() and _updated(request, model, form):
        messages.success(request, _("%(id)s is saved.") % {"id": model.pk})
        return redirect("ops_model", model.pk)
    return detail_page(request, model, form=form, status=422 if form.is_bound else 200)


def _updated(request: HttpRequest, model: Model, form: EditModelForm) -> bool:
    try:
        offers.update_model(model, **form.cleaned_data, by=audit.actor_of(request))
    except offers.BadSuccessor:
        form.add_error("successor", _("It is this model, or one that this model follows."))
        return False
    return True


def detail_page(
    request: HttpRequest,
    model: Model,
    *,
    form: EditModelForm | None = None,
    alias_form: AliasForm | None = None,
    status: int,
) -> HttpResponse:
    """The page of one model, with the form that was sent, if one was."""
    routes = Route.objects.filter(model=model).select_related("upstream")
    known = costs.of_model(model.pk, timezone.now())
    context = {
        "model": model,
        "form": form or _edit_form(model),
        "alias_form": alias_form or AliasForm(),
        "aliases": model.aliases.order_by("alias", "site_id"),
        "routes": [(route, _cost_of(route, known)) for route in routes],
        "price": shown(defaults_in_force([model.pk]).get(model.pk, {})),
    }
    return render_page(request, "ops/model.html", context, status=status)


def _edit_form(model: Model, request: HttpRequest | None = None) -> EditModelForm:
    names = (
        *("name", "owned_by", "context_tokens", "max_output_tokens", "is_active"),
        *("capabilities", "retires_at", "successor"),
    )
    initial = {name: getattr(model, name) for name in names}
    return EditModelForm(request.POST or None if request else None, initial=initial)


def _cost_of(route: Route, known: Mapping[costs.RouteKey, Cost]) -> list[str]:
    """What is shown of a route's cost; nothing where it is not known."""
    row = known.get(costs.key_of(route))
    return shown(row.components) if row else []
