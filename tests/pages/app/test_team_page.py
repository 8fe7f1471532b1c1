"""The team page: owners manage, others look; strangers find nothing; links lead people in."""

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client

from accounts.models import Invitation, Membership, Organization, Role, User
from tests.pages.people import PASSWORD, confirmed, has_password, logged_in, member_of

ROLES = [Role.BILLING, Role.DEVELOPER, Role.VIEWER]


@pytest.fixture
def bob(acme: Organization) -> Membership:
    return Membership.objects.get(user=member_of(acme, "bob@acme.example", Role.VIEWER))


def invited(client: Client, capture: Any, email: str = "new@person.example") -> str:
    """The path of the link that the mail holds."""
    with capture(execute=True):
        response = client.post("/app/team", {"email": email, "role": "developer"})
    assert response.headers["Location"] == "/app/team"
    found = re.search(r"http://testserver(/invitations/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def test_an_owner_sees_everything(page_client: Client, bob: Membership) -> None:
    page_client.post("/app/team", {"email": "new@person.example", "role": "billing"})
    page = page_client.get("/app/team").content.decode()
    for words in ("bob@acme.example", "new@person.example", "invitation.send", "Hand over"):
        assert words in page


@pytest.mark.parametrize("role", ROLES)
def test_others_look_and_change_nothing(
    acme: Organization, owner: User, bob: Membership, role: str
) -> None:
    client = logged_in(member_of(acme, "other@acme.example", role))
    page = client.get("/app/team").content.decode()
    assert "bob@acme.example" in page
    assert "Send the invitation" not in page
    inviting = {"email": "x@y.example", "role": "owner"}
    for path, data in (
        ("/app/team", inviting),
        (f"/app/team/members/{bob.pk}/role", {"role": "owner"}),
        (f"/app/team/members/{bob.pk}/remove", {}),
        ("/app/team/transfer", {"member": bob.pk}),
    ):
        assert client.post(path, data).status_code == 403
    assert client.get("/app/audit").status_code == 403
    bob.refresh_from_db()
    assert bob.role == Role.VIEWER
    assert not Invitation.objects.exists()


def test_a_stranger_reaches_no_member_and_no_invitation(
    page_client: Client, stranger: User, bob: Membership
) -> None:
    page_client.post("/app/team", {"email": "new@person.example", "role": "billing"})
    row = Invitation.objects.get()
    client = confirmed(stranger)
    for path in (
        f"/app/team/members/{bob.pk}/role",
        f"/app/team/members/{bob.pk}/remove",
        f"/app/team/invitations/{row.pk}/resend",
        f"/app/team/invitations/{row.pk}/withdraw",
    ):
        assert client.post(path, {"role": "owner"}).status_code == 404
    assert client.post("/app/team/transfer", {"member": bob.pk}).status_code == 422
    page = client.get("/app/team").content.decode() + client.get("/app/audit").content.decode()
    assert "bob@acme" not in page
    assert "new@person" not in page


def test_a_role_is_changed_and_a_member_removed(page_client: Client, bob: Membership) -> None:
    page_client.post(f"/app/team/members/{bob.pk}/role", {"role": "billing"})
    bob.refresh_from_db()
    assert bob.role == Role.BILLING
    assert page_client.get(f"/app/team/members/{bob.pk}/remove").status_code == 200
    page_client.post(f"/app/team/members/{bob.pk}/remove")
    assert not Membership.objects.filter(pk=bob.pk).exists()
    assert "member.remove" in page_client.get("/app/audit").content.decode()


def test_the_last_owner_is_told_to_stay(page_client: Client, owner: User) -> None:
    assert "You are the last owner" in page_client.get("/app/team/leave").content.decode()
    page = page_client.post("/app/team/leave", follow=True).content.decode()
    assert "The last owner has to stay" in page
    assert Membership.objects.filter(user=owner).exists()


def test_others_leave(bob: Membership) -> None:
    client = logged_in(bob.user)
    assert client.post("/app/team/leave").headers["Location"] == "/app/"
    assert client.get("/app/").headers["Location"] == "/app/new-organization"


def test_an_owner_loses_the_role_only_to_who_has_proved_who_they_are(
    owner: User, bob: Membership
) -> None:
    role, path = {"role": Role.VIEWER}, f"/app/team/members/{bob.pk}/role"
    Membership.objects.filter(pk=bob.pk).update(role=Role.OWNER)
    asked = logged_in(has_password(owner)).post(path, role)
    assert asked.headers["Location"].startswith("/accounts/reauthenticate/?next=%2Fapp%2F")
    assert Membership.objects.get(pk=bob.pk).role == Role.OWNER
    confirmed(owner).post(path, role)
    assert Membership.objects.get(pk=bob.pk).role == Role.VIEWER


@pytest.mark.parametrize("path", ["/app/team/transfer", "/app/team/members/{}/remove"])
def test_ownership_moves_only_after_proving_who_one_is(
    owner: User, bob: Membership, path: str
) -> None:
    client = logged_in(has_password(owner))
    Membership.objects.filter(pk=bob.pk).update(role=Role.OWNER)
    path = path.format(bob.pk)
    for method in (client.get, client.post):
        response = method(path, {"member": bob.pk})
        assert response.headers["Location"].startswith("/accounts/reauthenticate/?next=%2Fapp%2F")
    assert Membership.objects.filter(role=Role.OWNER).count() == 2
    confirmed(owner).post(path, {"member": bob.pk})
    assert Membership.objects.filter(role=Role.OWNER).count() == 1


def test_who_has_no_password_here_logs_in_again(page_client: Client) -> None:
    response = page_client.get("/app/team/transfer")
    assert response.headers["Location"].startswith("/accounts/logout/?next=%2Faccounts%2Flogin")


def test_proving_it_leads_back(page_client: Client, owner: User) -> None:
    owner.set_password(PASSWORD)
    owner.save()
    client = logged_in(owner)
    asked = client.get("/app/team/transfer").headers["Location"]
    response = client.post(asked, {"password": PASSWORD, "next": "/app/team/transfer"})
    assert response.headers["Location"] == "/app/team/transfer"
    assert client.get("/app/team/transfer").status_code == 200


def test_a_newcomer_signs_up_into_the_organization(
    page_client: Client, acme: Organization, django_capture_on_commit_callbacks: Any
) -> None:
    link = invited(page_client, django_capture_on_commit_callbacks)
    visitor = Client()
    page = visitor.get(link).content.decode()
    assert "Join Acme" in page
    assert "new@person.example" not in page
    visitor.post("/accounts/signup/", {"email": "new@person.example", "password1": PASSWORD})
    membership = Membership.objects.get(user__email="new@person.example")
    assert (membership.organization, membership.role) == (acme, Role.DEVELOPER)
    assert EmailAddress.objects.get(user=membership.user).verified
    assert visitor.get("/app/").status_code == 200
    assert visitor.get(link).status_code == 410


def test_somebody_with_a_login_joins_by_a_button(
    page_client: Client, globex: Organization, django_capture_on_commit_callbacks: Any
) -> None:
    user = member_of(globex, "new@person.example")
    link = invited(page_client, django_capture_on_commit_callbacks)
    client = logged_in(user)
    assert client.get(link).status_code == 200
    assert not Membership.objects.filter(user=user, organization__name="Acme").exists()
    client.post(link)
    assert Membership.objects.filter(user=user, organization__name="Acme").exists()
    assert EmailAddress.objects.get(user=user).verified
    assert "Acme" in client.get("/app/team").content.decode()


def test_the_wrong_person_is_told_so(
    page_client: Client, stranger: User, django_capture_on_commit_callbacks: Any
) -> None:
    link = invited(page_client, django_capture_on_commit_callbacks)
    client = logged_in(stranger)
    page = client.post(link).content.decode()
    assert "The invitation went to n…@person.example" in page
    assert not Membership.objects.filter(user=stranger, organization__name="Acme").exists()


def test_guessed_links_look_like_used_ones(client: Client, acme: Organization, owner: User) -> None:
    for token in ("x" * 43, "y", "z" * 500):
        response = client.get(f"/invitations/{token}")
        assert response.status_code == 410
        assert "no longer works" in response.content.decode()


def test_signing_up_with_another_address_makes_an_own_organization(
    page_client: Client, acme: Organization, django_capture_on_commit_callbacks: Any
) -> None:
    link = invited(page_client, django_capture_on_commit_callbacks)
    visitor = Client()
    visitor.get(link)
    visitor.post("/accounts/signup/", {"email": "eve@person.example", "password1": PASSWORD})
    assert Membership.objects.get(user__email="eve@person.example").organization != acme
