"""Staff pages of sites: the list, and a new one. A site's own pages are in `site_urls`."""

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import audit
from accounts.models import Site
from accounts.site_values import SiteRefused
from accounts.web.access import operator_page
from accounts.web.pages import render_page
from relay import site_openings
from relay.proxy.causes import Cause
from relay.storefronts import contract_of
from relay.web.refusal_texts import add_to
from relay.web.site_forms import NewSiteForm

# A deployment hosts tens of sites; a longer list needs a search first.
SITES_MAX = 500


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
def create_site(request: HttpRequest) -> HttpResponse:
    """A new site."""
    form = NewSiteForm(request.POST or None, initial={"time_zone": "UTC", "preset": "openai"})
    if form.is_valid():
        values = form.cleaned_data
        try:
            site = site_openings.open_site(
                values["id"],
                name=values["name"],
                domains=values["domains"],
                currency=values["currency"],
                language=values["language"],
                time_zone=values["time_zone"],
                plan=values["plan"].pk,
                preset=values["preset"],
                by=audit.actor_of(request),
            )
        except SiteRefused as refused:
            add_to(form, refused)
        else:
            messages.success(request, _("%(name)s is open.") % {"name": site.name})
            return redirect("ops_site_setup", site.pk)
    return render_page(
        request, "ops/site_new.html", {"form": form}, status=422 if form.is_bound else 200
    )
