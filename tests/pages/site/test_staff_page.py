"""The page of a site's staff: its owners and operators manage it, once they proved who they are."""

import pytest
from django.test import Client

from accounts.models import Site, SiteStaff, StaffRole, User
from tests.pages.people import confirmed, has_password, logged_in
from tests.pages.site.conftest import OTHER_HOST, staff_of

PAGE = "/site/staff"


@pytest.fixture
def bob(home: Site) -> SiteStaff:
    return SiteStaff.objects.get(user=staff_of(home, "bob@acme.example", StaffRole.VIEWER))


@pytest.fixture
def ann(home: Site) -> Client:
    """An owner who has just proved who they are."""
    return confirmed(staff_of(home, "ann@acme.example"))


def test_an_owner_adds_changes_and_removes(ann: Client, bob: SiteStaff) -> None:
    page = ann.get(PAGE).content.decode()
    assert "bob@acme.example" in page
    ann.post(PAGE, {"email": "new@acme.example", "role": "finance"})
    assert SiteStaff.objects.get(user__email="new@acme.example").role == StaffRole.FINANCE
    ann.post(f"{PAGE}/{bob.pk}/role", {"role": "support"})
    bob.refresh_from_db()
    assert bob.role == StaffRole.SUPPORT
    assert ann.get(f"{PAGE}/{bob.pk}/remove").status_code == 200
    ann.post(f"{PAGE}/{bob.pk}/remove")
    assert not SiteStaff.objects.filter(pk=bob.pk).exists()


def test_the_last_owner_is_told_to_stay(ann: Client) -> None:
    row = SiteStaff.objects.get()
    page = ann.post(f"{PAGE}/{row.pk}/remove", follow=True).content.decode()
    assert "The last owner has to stay" in page


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_session_that_is_not_fresh_is_asked_first(
    home: Site, bob: SiteStaff, method: str
) -> None:
    client = logged_in(has_password(staff_of(home, "ann@acme.example")))
    response = getattr(client, method)(f"{PAGE}/{bob.pk}/remove")
    assert response.headers["Location"].startswith("/accounts/reauthenticate/")
    old = confirmed(User.objects.get(email="ann@acme.example"), age_s=15 * 60 + 1)
    assert old.get(PAGE).status_code == 302
    assert SiteStaff.objects.filter(pk=bob.pk).exists()


@pytest.mark.parametrize("role", [StaffRole.FINANCE, StaffRole.SUPPORT, StaffRole.VIEWER])
def test_other_staff_do_not_manage_it(home: Site, bob: SiteStaff, role: str) -> None:
    client = confirmed(staff_of(home, "other@acme.example", role))
    assert client.get(PAGE).status_code == 403
    assert client.post(f"{PAGE}/{bob.pk}/remove").status_code == 403


def test_another_sites_owner_finds_none_of_it(home: Site, other_site: Site, bob: SiteStaff) -> None:
    client = confirmed(staff_of(other_site, "eve@other.example"))
    assert client.get(PAGE).status_code == 404
    for path in (f"{PAGE}/{bob.pk}/remove", f"{PAGE}/{bob.pk}/role"):
        response = client.post(path, {"role": "owner"}, headers={"host": OTHER_HOST})
        assert response.status_code == 404
    assert "bob@acme" not in client.get(PAGE, headers={"host": OTHER_HOST}).content.decode()
