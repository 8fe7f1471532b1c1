"""Staff pages of sites: what each is, and how it answers a call without credit."""

from django import forms
from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from accounts import audit
from accounts.models import Site
from accounts.web.access import operator_page
from accounts.web.pages import render_page
from relay import offers
from relay.proxy.causes import Cause
from relay.storefronts import contract_of

# A deployment hosts tens of sites; a longer list needs a search first.
SITES_MAX = 500
STATUS_WORDS = {
    402: gettext_lazy("402 Payment Required"),
    403: gettext_lazy("403 Forbidden"),
    429: gettext_lazy("429 Too Many Requests"),
}


class SiteForm(forms.Form):
    """What staff may change here; the rest comes from the catalog file."""

    no_credit_status = forms.TypedChoiceField(
        label=gettext_lazy("Answer when the balance is used up"),
        coerce=int,
        required=False,
        empty_value=None,
        choices=[("", gettext_lazy("As the error contract says")), *STATUS_WORDS.items()],
        help_text=gettext_lazy("The HTTP status; the error's code stays the same."),
    )


@require_safe
@operator_page
def site_list(request: HttpRequest) -> HttpResponse:
    """Every site."""
    sites = Site.objects.select_related("terms").prefetch_related("domains")
    rows = sites.annotate(organization_count=Count("organizations")).order_by("id")
    shown = [(row, contract_of(row).status(Cause.NO_CREDIT)) for row in rows[:SITES_MAX]]
    return render_page(request, "ops/sites.html", {"rows": shown})


@require_http_methods(["GET", "POST"])
@operator_page
def site_detail(request: HttpRequest, site_id: str) -> HttpResponse:
    """One site."""
    shown = get_object_or_404(Site.objects.select_related("terms"), pk=site_id)
    initial = {"no_credit_status": shown.no_credit_status}
    form = SiteForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        status = form.cleaned_data["no_credit_status"]
        offers.set_no_credit_status(shown, status, by=audit.actor_of(request))
        messages.success(request, _("%(name)s is saved.") % {"name": shown.name})
        return redirect("ops_sites")
    context = {"shown_site": shown, "form": form}
    return render_page(request, "ops/site.html", context, status=422 if form.is_bound else 200)
