"""Staff of a site come, change and go; owners keep one of them, an operator need not."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.core import mail

from accounts import audit, site_staff
from accounts.models import AuditRecord, Site, SiteDomain, SiteStaff, StaffRole, User, Via

BY = audit.Actor(Via.PAGE, "ann@acme.example")


@pytest.fixture
def ann(site: Site) -> SiteStaff:
    user = User.objects.create_user("ann@acme.example")
    return SiteStaff.objects.create(site=site, user=user, role=StaffRole.OWNER)


def test_somebody_new_gets_a_login_and_a_mail(
    site: Site, django_capture_on_commit_callbacks: Any
) -> None:
    SiteDomain.objects.create(domain="acme.example", site=site)
    with django_capture_on_commit_callbacks(execute=True):
        row = site_staff.add(site, " Bob@Acme.example", StaffRole.SUPPORT, by=BY)
    assert (row.user.email, row.role) == ("bob@acme.example", StaffRole.SUPPORT)
    assert not row.user.has_usable_password()
    body = str(mail.outbox[0].body)
    assert "http://acme.example/site/" in body
    assert "http://acme.example/accounts/password/reset/" in body
    assert AuditRecord.objects.get().action == "staff.add"


def test_nobody_is_added_twice_or_as_nonsense(site: Site, ann: SiteStaff) -> None:
    for email, role, error in (
        ("ann@acme.example", StaffRole.VIEWER, site_staff.AlreadyStaff),
        ("nonsense", StaffRole.VIEWER, site_staff.BadAddress),
        ("bob@acme.example", "emperor", site_staff.UnknownRole),
    ):
        with pytest.raises(error):
            site_staff.add(site, email, role, by=BY)
    ann.refresh_from_db()
    assert ann.role == StaffRole.OWNER


LAST_OWNER_ACTS = [partial(site_staff.change_role, role=StaffRole.VIEWER), site_staff.remove]


@pytest.mark.parametrize("act", LAST_OWNER_ACTS)
def test_the_last_owner_stays(ann: SiteStaff, act: Callable[..., None]) -> None:
    with pytest.raises(site_staff.LastOwner):
        act(ann, by=BY)
    assert not AuditRecord.objects.exists()


@pytest.mark.parametrize("act", LAST_OWNER_ACTS)
def test_an_operator_may_take_the_last_owner_away(ann: SiteStaff, act: Callable[..., None]) -> None:
    operator = User.objects.create_user("op@example.com", is_operator=True)
    act(ann, by=audit.Actor(Via.PAGE, operator.email, operator))
    assert not SiteStaff.objects.filter(role=StaffRole.OWNER).exists()
    assert AuditRecord.objects.get().site_id == ann.site_id


def test_one_of_two_owners_may_go(site: Site, ann: SiteStaff) -> None:
    bob = site_staff.add(site, "bob@acme.example", StaffRole.OWNER, by=BY)
    site_staff.remove(bob, by=BY)
    with pytest.raises(site_staff.NotStaff):
        site_staff.remove(bob, by=BY)
