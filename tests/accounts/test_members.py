"""Members change, leave and hand over; an organization that has an owner always keeps one."""

import threading
from collections.abc import Callable
from functools import partial

import pytest
from django.db import connection

from accounts import audit, members
from accounts.models import AuditRecord, Membership, Organization, Role, User, Via
from tests.pages.people import member_of

BY = audit.Actor(Via.PAGE, "ann@acme.example")


@pytest.fixture
def ann(acme: Organization) -> Membership:
    return Membership.objects.get(user=member_of(acme, "ann@acme.example"))


@pytest.fixture
def bob(acme: Organization) -> Membership:
    return Membership.objects.get(user=member_of(acme, "bob@acme.example", Role.VIEWER))


def test_a_role_changes_with_one_trace(acme: Organization, bob: Membership) -> None:
    members.change_role(bob, Role.DEVELOPER, by=BY)
    members.change_role(bob, Role.DEVELOPER, by=BY)
    bob.refresh_from_db()
    assert bob.role == Role.DEVELOPER
    trace = AuditRecord.objects.get(action="member.change_role")
    assert (trace.before, trace.after) == ({"role": "viewer"}, {"role": "developer"})
    assert (trace.organization, trace.target_name) == (acme, "bob@acme.example")


def test_an_unknown_role_is_refused(bob: Membership) -> None:
    with pytest.raises(members.UnknownRole):
        members.change_role(bob, "emperor", by=BY)


@pytest.mark.parametrize(
    "act", [partial(members.change_role, role=Role.BILLING), members.remove, members.leave]
)
def test_the_last_owner_stays(ann: Membership, bob: Membership, act: Callable[..., None]) -> None:
    with pytest.raises(members.LastOwner):
        act(ann, by=BY)
    ann.refresh_from_db()
    assert ann.role == Role.OWNER
    assert not AuditRecord.objects.exists()


def test_an_owner_that_cannot_log_in_is_no_other_owner(ann: Membership, bob: Membership) -> None:
    members.change_role(bob, Role.OWNER, by=BY)
    User.objects.filter(pk=bob.user_id).update(is_active=False)
    with pytest.raises(members.LastOwner):
        members.leave(ann, by=BY)


def test_one_of_two_owners_may_leave(ann: Membership, bob: Membership) -> None:
    members.change_role(bob, Role.OWNER, by=BY)
    members.leave(ann, by=BY)
    assert list(Membership.objects.values_list("user__email", flat=True)) == ["bob@acme.example"]
    with pytest.raises(members.NotAMember):
        members.leave(ann, by=BY)


def test_handing_over_changes_both(ann: Membership, bob: Membership) -> None:
    members.transfer(ann, to=bob, by=BY)
    ann.refresh_from_db()
    bob.refresh_from_db()
    assert (ann.role, bob.role) == (Role.DEVELOPER, Role.OWNER)
    assert AuditRecord.objects.get().action == "organization.transfer"


def test_nothing_is_handed_to_a_stranger(ann: Membership, globex: Organization) -> None:
    stranger = Membership.objects.get(user=member_of(globex, "eve@globex.example"))
    for heir in (stranger, ann):
        with pytest.raises(members.NotAMember):
            members.transfer(ann, to=heir, by=BY)


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_leave_at_once_leave_one(acme: Organization) -> None:
    rows = [
        Membership.objects.get(user=member_of(acme, f"owner{n}@acme.example")) for n in range(2)
    ]
    together = threading.Barrier(len(rows))
    refused: list[str] = []

    def go(row: Membership) -> None:
        together.wait()
        try:
            members.leave(row, by=BY)
        except members.LastOwner as error:
            refused.append(error.code)
        finally:
            connection.close()

    threads = [threading.Thread(target=go, args=[row]) for row in rows]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == ["last_owner"]
    assert Membership.objects.filter(role=Role.OWNER).count() == 1
