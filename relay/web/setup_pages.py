"""The first-run wizard (O20): claim the deployment, open a site, skip, finish. What is sold is in
`setup_upstream` and `setup_model`."""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import split_domain_port
from django.shortcuts import redirect
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from accounts import audit, first_run, links
from accounts.first_run import SetupRefused, State
from accounts.models import Organization, Site, SiteDomain, User, Via
from accounts.site_values import SiteRefused
from accounts.web import second_factor
from accounts.web.access import confirm_posts, operator_page
from accounts.web.pages import render_page
from accounts.web.throttles import throttled
from relay import first_offer, site_openings
from relay.web.refusal_texts import add_to
from relay.web.setup_forms import ClaimForm, FirstSiteForm
from relay.web.setup_steps import Step, next_url, stages, wizard_page

PRESET = "openai"
CONSOLE = "django.core.mail.backends.console.EmailBackend"
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@require_http_methods(["GET", "POST"])
def start(request: HttpRequest) -> HttpResponse:
    """Claim the deployment; who did is led on to what comes next."""
    match first_run.state():
        case State.UNCLAIMED:
            return _claim(request)  # type: ignore[return-value]
        case State.UNDER_WAY:
            return _go_on(request)  # type: ignore[return-value]
    if getattr(request.user, "is_operator", False):
        return redirect("ops_overview")
    raise Http404


@operator_page
def _go_on(request: HttpRequest) -> HttpResponse:
    return redirect(next_url())


@throttled("claim")
def _claim(request: HttpRequest) -> HttpResponse:
    form = ClaimForm(request.POST or None)
    if form.is_valid():
        values = form.cleaned_data
        actor = audit.Actor(
            Via.PAGE,
            values["email"],
            ip=request.META.get("REMOTE_ADDR") or None,
            request_id=getattr(request, "request_id", ""),
        )
        try:
            user = first_run.claim(
                values["token"],
                email=values["email"],
                name=values["name"],
                password=values["password"],
                actor=actor,
            )
        except SetupRefused as refused:
            _add_reason(form, refused)
        else:
            login(request, user, backend=BACKEND)
            record_authentication(request, user, "password", email=user.email)
            return redirect("setup")
    return setup_page(request, "setup/claim.html", Step.ACCOUNT, form=form)


def _add_reason(form: ClaimForm, refused: SetupRefused) -> None:
    if refused.code == "email_taken":
        form.add_error("email", _("There is a login with this address. Use another."))
    else:
        form.add_error("token", _("This token is not valid. Make a new one."))


@require_http_methods(["GET", "POST"])
@wizard_page
@confirm_posts
def site(request: HttpRequest) -> HttpResponse:
    """Where customers will be."""
    host, _port = split_domain_port(request.get_host())
    initial = {"domain": host, "language": translation.get_language()}
    form = FirstSiteForm(request.POST or None, initial=initial)
    if form.is_valid():
        values, by = form.cleaned_data, audit.actor_of(request)
        try:
            opened = site_openings.open_site(
                values["id"],
                name=values["name"],
                domains=[values["domain"]],
                currency=values["currency"],
                language=values["language"],
                time_zone=settings.TIME_ZONE,
                plan=first_offer.ensure_plan(by=by),
                preset=PRESET,
                by=by,
            )
        except SiteRefused as refused:
            _place(form, refused)
        else:
            messages.success(request, _("%(name)s is open.") % {"name": opened.name})
            return redirect(next_url())
    return setup_page(request, "setup/site.html", Step.SITE, form=form, rows=_sites())


def _place(form: FirstSiteForm, refused: SiteRefused) -> None:
    """The service knows of a list of domains, the form of one."""
    field = "domain" if refused.field == "domains" else refused.field
    add_to(form, SiteRefused(field, refused.code))


@require_POST
@wizard_page
def skip(request: HttpRequest, step: str) -> HttpResponse:
    """Leave a step for later."""
    if step not in list(Step)[1:]:
        raise Http404
    first_run.skip(step, by=audit.actor_of(request))
    return redirect(next_url())


@require_http_methods(["GET", "POST"])
@wizard_page
def done(request: HttpRequest) -> HttpResponse:
    """What is there and what is left; a POST ends the wizard.

    No redirect follows it: the sites are other origins, which the policy of forms does not allow.
    """
    if request.method == "POST":
        first_run.finish(by=audit.actor_of(request))
        return setup_page(request, "setup/finished.html", None, rows=_sites())
    context = {
        "rows": _sites(),
        "has_customer": Organization.objects.exists(),
        "sends_mail": settings.EMAIL_BACKEND != CONSOLE,
        "has_second_factor": second_factor.was_used(request),
        "operators": User.objects.filter(is_operator=True, is_active=True).count(),
    }
    return setup_page(request, "setup/done.html", None, **context)


def _sites() -> list[Any]:
    """The sites that there are, each with the address of its first domain."""
    rows: list[Any] = list(Site.objects.order_by("created_at", "id")[:10])
    for row in rows:
        row.address = links.address_of(row, "/")
        row.domain = SiteDomain.objects.filter(site=row).values_list("domain", flat=True).first()
    return rows


def setup_page(
    request: HttpRequest, template: str, step: Step | None, **context: Any
) -> HttpResponse:
    """A page of the wizard, with its steps."""
    context |= {"step": step, "stages": stages(step), "has_more": step is not None}
    form = context.get("form")
    status = 422 if form is not None and form.is_bound and form.errors else 200
    return render_page(
        request, template, context, fragments=("test",), status=context.pop("status", status)
    )
