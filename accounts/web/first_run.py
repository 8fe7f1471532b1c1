"""Where a deployment's pages lead while it has no operator yet, and what hosts without a site
answer until its wizard is over. The wizard itself is `relay.web.setup_pages`."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts import first_run
from accounts.first_run import State
from accounts.models import Site

NAME = "Tollgate"
WIZARD = "/setup"
# What a site answers although nobody runs the deployment yet: programs, and what pages are made of.
OPEN_ON_SITES = (WIZARD, "/api/", "/preferences/", "/brand/", "/legal/")
# What the first operator needs before there is a site: to log in again, and a second factor.
OPEN_WITHOUT_SITE = (
    WIZARD,
    "/preferences/",
    "/accounts/login/",
    "/accounts/logout/",
    "/accounts/reauthenticate/",
    "/app/settings/security",
)


def stand_in() -> Site | None:
    """What pages show for a site on a host that none has; None when there is no wizard either."""
    if first_run.state() is State.OVER:
        return None
    site = Site(id="", name=NAME, sign_up=Site.SignUp.CLOSED)
    site.has_terms = site.has_privacy = False  # type: ignore[attr-defined]
    return site


def is_stand_in(site: Site) -> bool:
    return not site.pk


def lead(request: HttpRequest, site: Site) -> HttpResponse | None:
    """To the wizard, from every page that is not part of it; None where the page may answer."""
    if is_stand_in(site):
        return None if request.path.startswith(OPEN_WITHOUT_SITE) else redirect(WIZARD)
    if not site.awaits_claim or request.path.startswith(OPEN_ON_SITES):  # type: ignore[attr-defined]
        return None
    return redirect(WIZARD) if first_run.state() is State.UNCLAIMED else None
