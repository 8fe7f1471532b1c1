"""Make organizations and their first member, suspend and resume them. Never touches money: a new
one has no balance, a suspended one keeps its own."""

from django.db import transaction

from accounts.models import Membership, Organization, Role, Site, User
from accounts.signals import organization_changed, organization_created


@transaction.atomic
def create(site: Site, *, name: str, owner: User | None = None) -> Organization:
    """A new customer of `site`, in the site's time zone; `owner` becomes its first member."""
    organization = Organization.objects.create(site=site, name=name, time_zone=site.time_zone)
    if owner is not None:
        Membership.objects.create(organization=organization, user=owner, role=Role.OWNER)
    organization_created.send(sender=Organization, organization=organization, owner=owner)
    return organization


@transaction.atomic
def set_active(organization: Organization, *, is_active: bool) -> None:
    """Suspend (relays refuse its Calls with 403 within a second; open ones finish) or resume.
    Repeating it changes nothing."""
    organization.is_active = is_active
    organization.save(update_fields=["is_active"])
    transaction.on_commit(
        lambda: organization_changed.send_robust(sender=Organization, organization=organization)
    )
