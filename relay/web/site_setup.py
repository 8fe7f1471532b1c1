"""What is left to do before a site can be shown to customers."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import Organization, Site, SiteText
from accounts.permissions import StaffAct
from accounts.web.pages import render_page
from billing.models import UsageRollup
from billing.reports import price_list
from relay import site_reach
from relay.web.site_shell import Shell, site_view


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do, whether it is done, and where; `page` is one of the shell's or ""."""

    title: Promise
    hint: Promise
    is_done: bool
    url: str


@site_view("setup", StaffAct.SEE_SITE)
def setup(request: HttpRequest, shell: Shell) -> HttpResponse:
    """T13."""
    steps = _steps(shell)
    done = sum(step.is_done for step in steps)
    context = {"shell": shell, "steps": steps, "done": done, "count": len(steps)}
    return render_page(request, "site/setup.html", context)


def _steps(shell: Shell) -> list[Step]:
    site = shell.site
    brand, settings, content = (shell.url_of(page) for page in ("brand", "settings", "content"))
    return [
        Step(
            _("A domain of its own"),
            _("Customers reach it, and mails lead there."),
            _has_domain(site),
            settings,
        ),
        Step(
            _("A logo or a colour"),
            _("It should not look like any other site."),
            bool(site.logo_hash or site.accent),
            brand,
        ),
        Step(
            _("A sender of mails"),
            _("Mails from your own address are trusted more."),
            bool(site.sender_address),
            settings,
        ),
        Step(
            _("A contact"),
            _("Where customers ask for help."),
            bool(site.support_contact),
            settings,
        ),
        Step(
            _("Terms and privacy policy"),
            _("In the site's first language at least."),
            site.texts.filter(language=site.language).count() == len(SiteText.Kind.values),
            content,
        ),
        Step(
            _("Models with prices"),
            _("Only what has a price can be called."),
            bool(price_list.offers(site, timezone.now())),
            "",
        ),
        Step(
            _("A first customer"),
            _("Sign up yourself and try it."),
            Organization.objects.filter(site=site).exists(),
            "",
        ),
        Step(
            _("A first call"),
            _("It shows on the overview within seconds."),
            UsageRollup.objects.filter(site=site).exists(),
            "",
        ),
    ]


def _has_domain(site: Site) -> bool:
    domains = site.domains.values_list("domain", flat=True)
    return not all(site_reach.is_local(name) for name in domains)
