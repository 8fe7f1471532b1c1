"""Make organizations and their first member. Never touches money: a new one has no balance."""

from django.db import transaction

from accounts.models import Membership, Organization, Role, Site, User


@transaction.atomic
def create(site: Site, *, name: str, owner: User | None = None) -> Organization:
    """A new customer of `site`, in the site's time zone; `owner` becomes its first member."""
    organization = Organization.objects.create(site=site, name=name, time_zone=site.time_zone)
    if owner is not None:
        Membership.objects.create(organization=organization, user=owner, role=Role.OWNER)
    return organization
