"""Everybody who may knock at a page of the cast's site, each with a session of their own."""

from collections.abc import Callable, Mapping
from typing import Any

from django.test import Client

from accounts.models import Organization, Role, Site, SiteStaff, StaffRole, User
from tests.pages.people import confirmed, member_of

# Nobody's: but who has a password can be asked for it.
SOME_PASSWORD = "pbkdf2_sha256$1$salt$hash"


def _enter(user: User) -> Client:
    user.password = SOME_PASSWORD
    user.save(update_fields=["password"])
    return confirmed(user, method="mfa")


def _member(organization: Organization, role: str) -> Client:
    return _enter(member_of(organization, f"{role}@{organization.pk}.example", role))


def _staff(site: Site, role: str) -> Client:
    user = User.objects.create_user(f"{role}@{site.pk}.example")
    SiteStaff.objects.create(site=site, user=user, role=role)
    return _enter(user)


def _operator() -> Client:
    return _enter(User.objects.create_user("op@example.com", is_operator=True))


def everybody(
    acme: Organization, globex: Organization, abroad: Organization
) -> Mapping[str, Callable[[], Any]]:
    """Makers of sessions by name; `abroad` is a customer of another site."""
    return {
        "visitor": Client,
        **{f"acme {role}": lambda role=role: _member(acme, role) for role in Role.values},
        "globex owner": lambda: _member(globex, Role.OWNER),
        "abroad owner": lambda: _member(abroad, Role.OWNER),
        **{f"site {role}": lambda role=role: _staff(acme.site, role) for role in StaffRole.values},
        "abroad site owner": lambda: _staff(abroad.site, StaffRole.OWNER),
        "operator": _operator,
    }
