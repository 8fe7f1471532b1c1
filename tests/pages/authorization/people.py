"""Everybody who may knock at a page of the cast's site, each with a session of their own."""

from collections.abc import Mapping

from django.conf import settings
from django.test import Client

from accounts.models import Organization, Role, Site, SiteStaff, StaffRole, User
from tests.pages.people import confirmed, member_of

# Nobody's: but who has a password can be asked for it.
SOME_PASSWORD = "pbkdf2_sha256$1$salt$hash"
VISITOR = "visitor"


def client_of(session: str) -> Client:
    """A browser of their own, as one that logged out is nobody's; a visitor's has no session."""
    client = Client()
    if session:
        client.cookies[settings.SESSION_COOKIE_NAME] = session
    return client


def _enter(user: User) -> str:
    user.password = SOME_PASSWORD
    user.save(update_fields=["password"])
    return confirmed(user, method="mfa").cookies[settings.SESSION_COOKIE_NAME].value


def _member(organization: Organization, role: str) -> str:
    return _enter(member_of(organization, f"{role}@{organization.pk}.example", role))


def _staff(site: Site, role: str) -> str:
    user = User.objects.create_user(f"{role}@{site.pk}.example")
    SiteStaff.objects.create(site=site, user=user, role=role)
    return _enter(user)


def _operator() -> str:
    return _enter(User.objects.create_user("op@example.com", is_operator=True))


def everybody(acme: Organization, globex: Organization, abroad: Organization) -> Mapping[str, str]:
    """Sessions by name; `abroad` is a customer of another site."""
    return {
        VISITOR: "",
        **{f"acme {role}": _member(acme, role) for role in Role.values},
        "globex owner": _member(globex, Role.OWNER),
        "abroad owner": _member(abroad, Role.OWNER),
        **{f"site {role}": _staff(acme.site, role) for role in StaffRole.values},
        "abroad site owner": _staff(abroad.site, StaffRole.OWNER),
        "operator": _operator(),
    }
