"""Open a site: what it is called, where it answers, on which plan its customers are, and how it
words its errors, in one transaction. It sells every model that has a price from then on."""

from collections.abc import Sequence

from django.db import transaction

from accounts import audit, sites
from accounts.models import Site
from billing import site_terms
from relay import signals, site_errors


@transaction.atomic
def open_site(
    site_id: str,
    *,
    name: str,
    domains: Sequence[str],
    currency: str,
    language: str,
    time_zone: str,
    plan: str,
    preset: str,
    by: audit.Actor,
) -> Site:
    """Raises SiteRefused with the field that must not be so; then nothing is made."""
    site = sites.create(
        site_id,
        name=name,
        domains=domains,
        currency=currency,
        language=language,
        time_zone=time_zone,
        by=by,
    )
    site_terms.set_plan(site, plan, by=by)
    site_errors.set_preset(site, preset, by=by)
    signals.announce()
    return site
