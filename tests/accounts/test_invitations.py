"""An invitation's link works once, for its address, for seven days, on its site."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.utils import timezone

from accounts import audit, invitations
from accounts.models import (
    AuditRecord,
    Invitation,
    Membership,
    Organization,
    Role,
    SiteDomain,
    User,
    Via,
)
from tests.factories import accounts
from tests.pages.people import member_of

BY = audit.Actor(Via.PAGE, "ann@acme.example")
Invite = Callable[..., tuple[Invitation, str]]


@pytest.fixture
def invite(acme: Organization, django_capture_on_commit_callbacks: Any) -> Invite:
    """Sends one, and reads its token out of the mail."""
    SiteDomain.objects.create(domain="acme.example", site=acme.site)

    def send(email: str = "new@person.example", role: str = Role.DEVELOPER) -> tuple[Any, str]:
        with django_capture_on_commit_callbacks(execute=True):
            row = invitations.invite(acme, email, role, by=BY)
        return row, token_of_last_mail()

    return send


def token_of_last_mail() -> str:
    found = re.search(r"http://acme\.example/invitations/(\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def test_the_mail_says_who_and_what_and_the_token_is_nowhere_else(invite: Invite) -> None:
    row, token = invite(" New@Person.example ")
    [message] = mail.outbox
    assert message.to == ["new@person.example"]
    assert message.subject == "Acme AI: you are invited to Acme"
    assert "Developer" in str(message.body)
    stored = Invitation.objects.values().get(pk=row.pk)
    trace = AuditRecord.objects.values().get()
    assert token not in f"{stored}{trace}"


def test_whoever_was_invited_joins_once(invite: Invite, acme: Organization) -> None:
    _row, token = invite()
    user = User.objects.create_user("new@person.example")
    row = invitations.find(token, site=acme.site)
    assert row is not None
    invitations.accept(row, user, by=BY)
    membership = Membership.objects.get(user=user)
    assert (membership.organization, membership.role) == (acme, Role.DEVELOPER)
    assert invitations.find(token, site=acme.site) is None
    with pytest.raises(invitations.NotPending):
        invitations.accept(row, user, by=BY)


def test_another_address_does_not_join(invite: Invite, acme: Organization) -> None:
    row, _token = invite()
    with pytest.raises(invitations.WrongAddress):
        invitations.accept(row, User.objects.create_user("eve@globex.example"), by=BY)
    assert not Membership.objects.exists()


def test_what_cannot_be_accepted_is_not_found(invite: Invite, acme: Organization) -> None:
    row, token = invite()
    elsewhere = accounts.site("other", name="Other")
    for guess, site in ((token, elsewhere), ("x" * 43, acme.site), ("", acme.site)):
        assert invitations.find(guess, site=site) is None
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert invitations.find(token, site=acme.site) is None
    with pytest.raises(invitations.NotPending):
        invitations.accept(row, User.objects.create_user(row.email), by=BY)


def test_a_link_that_was_sent_again_replaces_the_one_before(
    invite: Invite, acme: Organization, django_capture_on_commit_callbacks: Any
) -> None:
    row, first = invite()
    Invitation.objects.update(expires_at=timezone.now())
    with django_capture_on_commit_callbacks(execute=True):
        invitations.resend(row, by=BY)
    assert invitations.find(first, site=acme.site) is None
    assert invitations.find(token_of_last_mail(), site=acme.site) == row


def test_a_withdrawn_one_is_over(invite: Invite, acme: Organization) -> None:
    row, token = invite()
    invitations.withdraw(row, by=BY)
    assert invitations.find(token, site=acme.site) is None
    for act in (invitations.resend, invitations.withdraw):
        with pytest.raises(invitations.NotPending):
            act(row, by=BY)


def test_inviting_twice_keeps_one(invite: Invite) -> None:
    first, _token = invite()
    again, _token = invite(role=Role.VIEWER)
    assert first.pk == again.pk
    assert Invitation.objects.get().role == Role.VIEWER


def test_members_and_nonsense_are_not_invited(acme: Organization) -> None:
    member_of(acme, "bob@acme.example")
    for email, role, error in (
        ("Bob@acme.example", Role.OWNER, invitations.AlreadyMember),
        ("not-an-address", Role.OWNER, invitations.BadAddress),
        ("x@y.example", "emperor", invitations.UnknownRole),
    ):
        with pytest.raises(error):
            invitations.invite(acme, email, role, by=BY)


def test_only_so_many_wait(acme: Organization, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invitations, "PENDING_MAX", 2)
    for n in range(2):
        invitations.invite(acme, f"p{n}@x.example", Role.VIEWER, by=BY)
    with pytest.raises(invitations.TooManyPending):
        invitations.invite(acme, "p3@x.example", Role.VIEWER, by=BY)
    invitations.invite(acme, "p1@x.example", Role.VIEWER, by=BY)  # it waits already
