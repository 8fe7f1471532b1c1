"""A suspended site is still known to relays, which refuse its keys by their own code."""

from django.utils import timezone

from accounts import audit, sites
from accounts.models import ApiKey, SiteDomain
from relay.adapters.key_rows import load_caller
from relay.adapters.routes import read
from relay.proxy.causes import Cause
from relay.proxy.types import Standing


def test_its_keys_are_told_and_work_again_when_it_is_resumed(acme_key: ApiKey) -> None:
    site = acme_key.organization.site
    SiteDomain.objects.create(domain="acme.example", site=site)
    digest = bytes(acme_key.secret_hash)
    for is_active, standing in ((False, Standing.SITE_SUSPENDED), (True, Standing.ACTIVE)):
        sites.set_active(site, is_active=is_active, by=audit.command("test"))
        caller = load_caller(digest)
        assert caller is not None
        assert caller.standing is standing
        snapshot, _next_change = read(timezone.now())
        assert snapshot.sites_by_host["acme.example"].contract.status(Cause.SITE_SUSPENDED) == 403
