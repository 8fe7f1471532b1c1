"""Make organizations and their first member, suspend and resume them. Never touches money: a new
one has no balance, a suspended one keeps its own."""

from django.db import transaction

from accounts import audit, site_values
from accounts.errors import AccountsError
from accounts.models import Membership, Organization, Role, Site, User, Via
from accounts.signals import organization_changed, organization_created


class SignUpClosed(AccountsError):
    """The site takes nobody who comes by themselves."""

    code = "sign_up_closed"


class AlreadyCustomer(AccountsError):
    """They act for an organization of the site, which is where the next one would be looked for."""

    code = "already_a_customer"


@transaction.atomic
def found(site: Site, *, name: str, owner: User, by: audit.Actor) -> Organization:
    """The first organization of somebody who came by themselves. Raises SignUpClosed,
    AlreadyCustomer, SiteRefused."""
    name = site_values.line("name", name, site_values.NAME_CHARS_MAX, is_required=True)
    # Of two at once the second finds what the first has made.
    User.objects.select_for_update(no_key=True).get(pk=owner.pk)
    if Membership.objects.filter(user=owner, organization__site=site).exists():
        raise AlreadyCustomer(f"{owner} acts for an organization of {site.pk}")
    if site.sign_up != Site.SignUp.OPEN:
        raise SignUpClosed(f"{site.pk} takes nobody")
    return create(site, name=name, owner=owner, by=by)


@transaction.atomic
def create(
    site: Site, *, name: str, owner: User | None = None, by: audit.Actor | None = None
) -> Organization:
    """A new customer of `site`, in the site's time zone; `owner` becomes its first member.

    Without `by` it is the owner's own act, at sign-up say.
    """
    organization = Organization.objects.create(site=site, name=name, time_zone=site.time_zone)
    if owner is not None:
        Membership.objects.create(organization=organization, user=owner, role=Role.OWNER)
    who = by or audit.Actor(Via.PAGE, owner.email if owner else "sign-up", owner)
    after = {"name": name, "owner": owner.email if owner else None}
    audit.record(who, "organization.create", organization, organization=organization, after=after)
    organization_created.send(sender=Organization, organization=organization, owner=owner)
    return organization


@transaction.atomic
def change(
    organization: Organization, *, name: str, time_zone: str, by: audit.Actor
) -> Organization:
    """Another name or time zone, which its budgets follow. The same again changes nothing. Raises
    SiteRefused."""
    name = site_values.line("name", name, site_values.NAME_CHARS_MAX, is_required=True)
    time_zone = site_values.time_zone(time_zone)
    row = Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    before = audit.fields_of(row, "name", "time_zone")
    row.name, row.time_zone = name, time_zone
    after = audit.fields_of(row, "name", "time_zone")
    if before == after:
        return row
    row.save(update_fields=["name", "time_zone"])
    audit.record(by, "organization.change", row, organization=row, before=before, after=after)
    transaction.on_commit(
        lambda: organization_changed.send_robust(sender=Organization, organization=row)
    )
    return row


@transaction.atomic
def set_active(
    organization: Organization, *, is_active: bool, by: audit.Actor, reason: str = ""
) -> None:
    """Suspend (relays refuse its Calls with 403 within a second; open ones finish) or resume.
    Repeating it changes nothing and leaves no second trace."""
    rows = Organization.objects.filter(pk=organization.pk, is_active=not is_active)
    organization.is_active = is_active
    if not rows.update(is_active=is_active):
        return
    action = "organization.resume" if is_active else "organization.suspend"
    audit.record(by, action, organization, organization=organization, reason=reason)
    transaction.on_commit(
        lambda: organization_changed.send_robust(sender=Organization, organization=organization)
    )
