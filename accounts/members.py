"""Who acts for an organization: change a role, remove, leave, hand over.

Whether the person may do so is asked before (`accounts.permissions`); what must hold whoever asks
is here: an organization that has an owner always keeps one.
"""

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts import audit
from accounts.errors import AccountsError
from accounts.models import Membership, Organization, Role, User
from accounts.signals import membership_ended, role_changed

# What an owner is after handing the organization over: still able to work, no longer in charge.
ROLE_AFTER_TRANSFER = Role.DEVELOPER


class MemberError(AccountsError):
    """The members stay as they were."""

    code = "member_error"


class LastOwner(MemberError):
    code = "last_owner"


class NotAMember(MemberError):
    code = "not_a_member"


class UnknownRole(MemberError):
    code = "unknown_role"


@transaction.atomic
def change_role(membership: Membership, role: str, *, by: audit.Actor) -> None:
    """Give a member another role. Repeating it changes nothing and leaves no second trace.

    Raises UnknownRole, NotAMember (gone meanwhile), LastOwner.
    """
    if role not in Role.values:
        raise UnknownRole(_("There is no such role."))
    current = _locked(membership)
    if current.role == role:
        return
    if current.role == Role.OWNER:
        _keep_an_owner(current)
    _set_role(current, role, by=by)


@transaction.atomic
def remove(membership: Membership, *, by: audit.Actor) -> None:
    """End a membership. Raises NotAMember, LastOwner."""
    _end(_locked(membership), "member.remove", by=by)


@transaction.atomic
def leave(membership: Membership, *, by: audit.Actor) -> None:
    """End one's own membership. Raises NotAMember, LastOwner."""
    _end(_locked(membership), "member.leave", by=by)


@transaction.atomic
def transfer(membership: Membership, *, to: Membership, by: audit.Actor) -> None:
    """The owner `membership` hands the organization to another member and becomes a developer.

    Raises NotAMember when either is none (any more), or `membership` owns nothing.
    """
    current, heir = _locked(membership), _locked(to)
    is_ours = current.organization_id == heir.organization_id and current.pk != heir.pk
    if current.role != Role.OWNER or not is_ours:
        raise NotAMember(_("Choose another member of the organization."))
    before = {"owner": current.user.email, "role": heir.role}
    heir.role, current.role = Role.OWNER, ROLE_AFTER_TRANSFER
    heir.save(update_fields=["role"])
    current.save(update_fields=["role"])
    audit.record(
        by,
        "organization.transfer",
        heir.organization,
        organization=heir.organization,
        before=before,
        after={"owner": heir.user.email, "role": heir.role},
    )
    role_changed.send(sender=Membership, membership=heir, by=by)
    role_changed.send(sender=Membership, membership=current, by=by)


def is_last_owner(membership: Membership) -> bool:
    """Whether the organization would be without an owner if this one went."""
    return membership.role == Role.OWNER and not _other_owners(membership).exists()


def find(organization: Organization, user: User) -> Membership | None:
    """The user's membership in it, if there is one."""
    rows = Membership.objects.filter(organization=organization, user=user)
    return rows.select_related("user", "organization__site").first()


def _locked(membership: Membership) -> Membership:
    """The membership as it is now. Holds the organization's row until the transaction ends, so that
    two owners cannot go at the same moment."""
    Organization.objects.select_for_update(no_key=True).get(pk=membership.organization_id)
    query = Membership.objects.select_related("user", "organization__site")
    current = query.filter(pk=membership.pk).first()
    if current is None:
        raise NotAMember(_("This person is no member any more."))
    return current


def _other_owners(membership: Membership) -> QuerySet[Membership]:
    owners = Membership.objects.filter(
        organization=membership.organization_id, role=Role.OWNER, user__is_active=True
    )
    return owners.exclude(pk=membership.pk)


def _keep_an_owner(membership: Membership) -> None:
    if not _other_owners(membership).exists():
        raise LastOwner(_("The last owner has to stay. Make somebody else an owner first."))


def _set_role(membership: Membership, role: str, *, by: audit.Actor) -> None:
    before = {"role": membership.role}
    membership.role = role
    membership.save(update_fields=["role"])
    audit.record(
        by,
        "member.change_role",
        membership.user,
        organization=membership.organization,
        before=before,
        after={"role": role},
    )
    role_changed.send(sender=Membership, membership=membership, by=by)


def _end(membership: Membership, action: str, *, by: audit.Actor) -> None:
    if membership.role == Role.OWNER:
        _keep_an_owner(membership)
    organization, user = membership.organization, membership.user
    audit.record(
        by, action, user, organization=organization, before={"role": membership.role}, after={}
    )
    membership.delete()
    membership_ended.send(sender=Membership, organization=organization, user=user, by=by)
