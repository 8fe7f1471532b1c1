"""Programs invite, join, leave and hand over; staff and operators are made and unmade."""

import re

import pytest
from django.core import mail
from pytest_django import DjangoCaptureOnCommitCallbacks

from accounts import organizations
from accounts.models import (
    AuditRecord,
    Membership,
    Organization,
    Role,
    Site,
    SiteStaff,
    StaffRole,
    TokenKind,
    User,
)
from tests.api.programs import Program, document, problem, program
from tests.pages.people import confirmed, member_of

HOME = "organizations/org_acme"
INVITE = {"email": "new@acme.example", "role": "developer"}


def link_of_last_mail() -> str:
    found = re.search(r"/invitations/([\w-]+)", str(mail.outbox[-1].body))
    assert found is not None
    return found[1]


@pytest.fixture
def newcomer(site: Site) -> Program:
    return program(User.objects.create_user("new@acme.example"), site=site)


def test_who_is_invited_joins(
    ours: Program,
    newcomer: Program,
    strangers: Program,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        made = document(ours.post(f"{HOME}/invitations", INVITE))
    first = link_of_last_mail()
    with django_capture_on_commit_callbacks(execute=True):
        document(ours.post(f"{HOME}/invitations/{made['id']}/resend"))
    second = link_of_last_mail()
    assert problem(newcomer.post("invitations/accept", {"token": first}))[0] == 404
    wrong = strangers.post("invitations/accept", {"token": second})
    assert problem(wrong) == (409, "wrong_address")
    joined = document(newcomer.post("invitations/accept", {"token": second}))
    assert (joined["organization"]["id"], joined["role"]) == ("org_acme", "developer")
    assert problem(newcomer.post("invitations/accept", {"token": second}))[0] == 404


def test_invitations_are_counted_as_on_the_page(ours: Program, owner: User) -> None:
    answers = [
        ours.post(f"{HOME}/invitations", {"email": f"n{n}@acme.example", "role": "viewer"})
        for n in range(31)
    ]
    assert [each.status_code for each in answers[:30]] == [201] * 30
    assert problem(answers[30]) == (429, "rate_limit_exceeded")
    assert int(answers[30].headers["Retry-After"]) > 0


def test_a_member_leaves_and_the_last_owner_stays(ours: Program, acme: Organization) -> None:
    assert problem(ours.post(f"{HOME}/leave")) == (409, "last_owner")
    viewer = program(member_of(acme, "v@acme.example", Role.VIEWER), site=acme.site)
    assert viewer.post(f"{HOME}/leave").status_code == 204
    assert problem(viewer.get(HOME))[0] == 404


def test_an_owner_hands_over(ours: Program, acme: Organization, owner: User) -> None:
    heir = member_of(acme, "heir@acme.example", Role.VIEWER).memberships.get()
    told = document(ours.post(f"{HOME}/transfer", {"member": heir.pk}))
    assert (told["email"], told["role"]) == ("heir@acme.example", "owner")
    assert owner.memberships.get().role == Role.DEVELOPER
    assert problem(ours.post(f"{HOME}/transfer", {"member": heir.pk})) == (403, "not_allowed")


def test_a_service_token_leaves_and_joins_nothing(owner: User, acme: Organization) -> None:
    service = program(owner, TokenKind.ORGANIZATION, site=acme.site, organization=acme)
    assert problem(service.post(f"{HOME}/leave")) == (403, "not_a_person")
    assert problem(service.post("invitations/accept", {"token": "x"})) == (403, "not_a_person")
    assert problem(service.post("organizations", {"name": "More"})) == (403, "not_a_person")


def test_an_old_session_confirms_first(acme: Organization, owner: User) -> None:
    other = member_of(acme, "boss@acme.example").memberships.get()
    browser = confirmed(owner, age_s=86_400)
    removed = browser.delete(f"/api/v1/{HOME}/members/{other.pk}")
    assert problem(removed) == (403, "confirm_identity")
    lowered = browser.put(
        f"/api/v1/{HOME}/members/{other.pk}", {"role": "viewer"}, content_type="application/json"
    )
    assert problem(lowered) == (403, "confirm_identity")
    handed = browser.post(
        f"/api/v1/{HOME}/transfer", {"member": other.pk}, content_type="application/json"
    )
    assert problem(handed) == (403, "confirm_identity")
    assert Membership.objects.filter(pk=other.pk, role=Role.OWNER).exists()


def test_somebody_new_makes_their_first_organization(newcomer: Program, site: Site) -> None:
    made = document(newcomer.post("organizations", {"name": "Newcomers"}))
    assert document(newcomer.get(f"organizations/{made['id']}"))["name"] == "Newcomers"
    assert problem(newcomer.post("organizations", {"name": "Again"})) == (
        409,
        organizations.AlreadyCustomer.code,
    )
    late = program(User.objects.create_user("late@example.com"), site=site)
    Site.objects.update(sign_up=Site.SignUp.CLOSED)
    assert problem(late.post("organizations", {"name": "Late"})) == (403, "sign_up_closed")


def test_a_token_ends_itself(ours: Program, acme: Organization) -> None:
    assert ours.delete("me/token").status_code == 204
    assert problem(ours.get("me"))[0] == 401
    assert AuditRecord.objects.filter(action="token.revoke").count() == 1


def test_a_site_s_staff_are_added_changed_and_removed(keepers: Program, site: Site) -> None:
    made = document(keepers.post("site/staff", {"email": "Ann@example.com", "role": "support"}))
    assert (made["email"], made["has_second_factor"]) == ("ann@example.com", False)
    assert problem(keepers.post("site/staff", {"email": "ann@example.com", "role": "owner"})) == (
        409,
        "already_staff",
    )
    path = f"site/staff/{made['id']}"
    assert document(keepers.put(path, {"role": "finance"}))["role"] == "finance"
    assert keepers.delete(path).status_code == 204
    keeper = SiteStaff.objects.get(role=StaffRole.OWNER)
    assert problem(keepers.delete(f"site/staff/{keeper.pk}")) == (409, "last_owner")
    elsewhere = SiteStaff.objects.create(
        site=Site.objects.create(pk="far", name="Far", language="en"), user=keeper.user
    )
    assert problem(keepers.delete(f"site/staff/{elsewhere.pk}"))[0] == 404


def test_operators_are_made_and_one_stays(operators: Program) -> None:
    assert problem(operators.post("ops/operators", {"email": "no@example.com"})) == (
        422,
        "unknown_person",
    )
    User.objects.create_user("two@example.com")
    made = document(operators.post("ops/operators", {"email": "two@example.com"}))
    assert operators.delete(f"ops/operators/{made['id']}").status_code == 204
    rest = document(operators.get("ops/operators"))["items"]
    assert [each["email"] for each in rest] == ["operator@example.com"]
    last = operators.delete(f"ops/operators/{rest[0]['id']}")
    assert problem(last) == (409, "last_operator")
