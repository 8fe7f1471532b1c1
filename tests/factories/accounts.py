"""Small makers of sites, organizations and keys; every argument that a test does not care about
has a default."""

from accounts import api_keys
from accounts.models import ApiKey, Organization, Site

SITE = "acme-ai"


def site(site_id: str = SITE, *, name: str = "Acme AI", currency: str = "USD") -> Site:
    made, _ = Site.objects.get_or_create(pk=site_id, defaults={"name": name, "currency": currency})
    return made


def organization(name: str, *, on: Site | None = None) -> Organization:
    return Organization.objects.create(
        id=f"org_{name.lower()}", name=name, site=on if on is not None else site()
    )


def api_key(organization: Organization, *, name: str = "prod-web") -> ApiKey:
    return api_keys.mint(organization, name=name).key
