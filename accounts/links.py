"""Absolute addresses of a site's pages, for mails. Never made from what a request claims to be."""

from django.conf import settings

from accounts.models import Site, SiteDomain


def address_of(site: Site, path: str) -> str:
    """`path` at the site's first domain; a site without one answers nowhere, so it gives "/…"."""
    domain = SiteDomain.objects.filter(site=site).values_list("domain", flat=True).first()
    if domain is None:
        return path
    scheme = "https" if settings.USE_HTTPS else "http"
    return f"{scheme}://{domain}{settings.LINK_PORT}{path}"


def sender_of(site: Site) -> str:
    """Who a site's mails come from: its own sender, else the deployment's under its name."""
    name = (site.sender_name or site.name).replace('"', "")
    return f'"{name}" <{site.sender_address or settings.DEFAULT_FROM_EMAIL}>'
