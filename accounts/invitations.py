"""Invite people to an organization by mail: send, send again, withdraw, accept.

A token is in the mail and nowhere else; what is stored is its keyed hash. Whoever accepts must be
logged in under the address that the mail went to.
"""

import hmac
import secrets
from datetime import timedelta

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import audit, invitation_mail
from accounts.errors import AccountsError
from accounts.models import Invitation, Membership, Organization, Role, Site, User

LIFETIME = timedelta(days=7)
# Enough for a department at once, too few to use an organization for sending junk.
PENDING_MAX = 50
# 256 random bits, as keys have.
TOKEN_BYTES = 32
# What a longer text in a link can only be is nonsense; hashing it would be work for nothing.
TOKEN_CHARS_MAX = 64
_PURPOSE = b"invitation:"


class InvitationError(AccountsError):
    """Nothing was sent, nobody joined."""

    code = "invitation_error"


class BadAddress(InvitationError):
    code = "bad_address"


class UnknownRole(InvitationError):
    code = "unknown_role"


class AlreadyMember(InvitationError):
    code = "already_member"


class TooManyPending(InvitationError):
    code = "too_many_pending"


class NotPending(InvitationError):
    code = "not_pending"


class WrongAddress(InvitationError):
    code = "wrong_address"


def pending(organization: Organization) -> QuerySet[Invitation]:
    """Those that could be accepted, sent again or withdrawn; ones that are too old among them."""
    rows = Invitation.objects.filter(organization=organization, accepted_at=None, withdrawn_at=None)
    return rows.select_related("invited_by").order_by("-sent_at", "id")


@transaction.atomic
def invite(organization: Organization, email: str, role: str, *, by: audit.Actor) -> Invitation:
    """Send a link to `email`. One that is pending for the address is sent again, with this role.

    Raises BadAddress, UnknownRole, AlreadyMember, TooManyPending.
    """
    address = _checked(email)
    if role not in Role.values:
        raise UnknownRole(_("There is no such role."))
    # Counting and adding is one act: two at once could pass the bound.
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    if Membership.objects.filter(organization=organization, user__email=address).exists():
        raise AlreadyMember(_("This person is a member already."))
    row = pending(organization).filter(email=address).first()
    if row is None:
        if pending(organization).count() >= PENDING_MAX:
            raise TooManyPending(_("Too many invitations are waiting. Withdraw some first."))
        row = Invitation(organization=organization, email=address, invited_by=by.user)
    row.role = role
    _send(row)
    audit.record(by, "invitation.send", row, organization=organization, after={"role": role})
    return row


@transaction.atomic
def resend(invitation: Invitation, *, by: audit.Actor) -> None:
    """Send it again with a new link and seven new days; the link sent before stops working.

    Raises NotPending.
    """
    row = _locked(invitation)
    _send(row)
    audit.record(by, "invitation.resend", row, organization=row.organization)


@transaction.atomic
def withdraw(invitation: Invitation, *, by: audit.Actor) -> None:
    """Its link stops working. Raises NotPending."""
    row = _locked(invitation)
    row.withdrawn_at = timezone.now()
    row.save(update_fields=["withdrawn_at"])
    audit.record(by, "invitation.withdraw", row, organization=row.organization)


def find(token: str, *, site: Site) -> Invitation | None:
    """The invitation of a link on this site, if it can still be accepted.

    Whoever guesses learns nothing: unknown, used, withdrawn, old and other sites' are all None.
    """
    if not token or len(token) > TOKEN_CHARS_MAX:
        return None
    rows = Invitation.objects.select_related("organization__site", "invited_by")
    return rows.filter(
        token_hash=_hash(token),
        organization__site=site,
        accepted_at=None,
        withdrawn_at=None,
        expires_at__gt=timezone.now(),
    ).first()


@transaction.atomic
def accept(invitation: Invitation, user: User, *, by: audit.Actor) -> Membership:
    """`user` joins. Following the link also proves the address: callers see to it that it counts
    as verified (`verify_address`).

    A member stays in the role they have. Raises WrongAddress, NotPending.
    """
    if user.email != invitation.email:
        raise WrongAddress(_("This invitation is for another mail address."))
    row = _locked(invitation)
    if row.expires_at <= timezone.now():
        raise NotPending(_("This invitation no longer works."))
    row.accepted_at = timezone.now()
    row.save(update_fields=["accepted_at"])
    membership, _is_new = Membership.objects.get_or_create(
        organization=row.organization, user=user, defaults={"role": row.role}
    )
    audit.record(
        by,
        "invitation.accept",
        row,
        organization=row.organization,
        after={"role": membership.role},
    )
    return membership


def verify_address(user: User) -> None:
    """The user showed to read mail at their address."""
    address, _is_new = EmailAddress.objects.get_or_create(
        user=user, email=user.email, defaults={"primary": True, "verified": True}
    )
    if not address.verified:
        address.verified = True
        address.save(update_fields=["verified"])


def _checked(email: str) -> str:
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise BadAddress(_("This is not a mail address.")) from error
    return address


def _hash(token: str) -> bytes:
    pepper: bytes = settings.API_KEY_PEPPER
    return hmac.digest(pepper, _PURPOSE + token.encode(), "sha256")


def _send(row: Invitation) -> None:
    """Give it a new token and seven days, store it, and mail the link once that is committed."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    row.token_hash = _hash(token)
    row.sent_at = timezone.now()
    row.expires_at = row.sent_at + LIFETIME
    row.save()
    # Robust: the row stays when the mail server is away, and "send again" is beside it.
    transaction.on_commit(lambda: invitation_mail.send(row, token), robust=True)


def _locked(invitation: Invitation) -> Invitation:
    rows = Invitation.objects.select_for_update(of=("self",), no_key=True)
    row = (
        rows.select_related("organization__site")
        .filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None)
        .first()
    )
    if row is None:
        raise NotPending(_("This invitation no longer works."))
    return row
