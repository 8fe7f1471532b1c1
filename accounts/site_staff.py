"""Who runs a site: add by mail address, change a role, remove.

Whether the person may do so is asked before (`accounts.permissions`). What must hold: the owners of
a site never remove the last of them; an operator may, as they can also make a new one.
"""

from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.core.validators import validate_email
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _

from accounts import audit, links
from accounts.errors import AccountsError
from accounts.models import Site, SiteStaff, StaffRole, User, Via


class StaffError(AccountsError):
    """The staff stay as they were."""

    code = "staff_error"


class BadAddress(StaffError):
    code = "bad_address"


class UnknownRole(StaffError):
    code = "unknown_role"


class AlreadyStaff(StaffError):
    code = "already_staff"


class NotStaff(StaffError):
    code = "not_staff"


class LastOwner(StaffError):
    code = "last_owner"


@transaction.atomic
def add(site: Site, email: str, role: str, *, by: audit.Actor) -> SiteStaff:
    """Make the person with this address staff, and tell them by mail.

    An address without a login gets one that has no password yet; the answer is the same, so that
    nobody learns who has an account elsewhere. Raises BadAddress, UnknownRole, AlreadyStaff.
    """
    address = _checked(email)
    _check_role(role)
    user, _is_new = User.objects.get_or_create(email=address, defaults={"password": "!"})
    staff, is_new = SiteStaff.objects.get_or_create(site=site, user=user, defaults={"role": role})
    if not is_new:
        raise AlreadyStaff(_("This person is among the staff already."))
    audit.record(by, "staff.add", user, site=site, after={"role": role})
    # Robust: they are staff all the same while the mail server is away.
    transaction.on_commit(lambda: _tell(staff), robust=True)
    return staff


@transaction.atomic
def change_role(staff: SiteStaff, role: str, *, by: audit.Actor) -> None:
    """Raises UnknownRole, NotStaff (gone meanwhile), LastOwner. Repeating it changes nothing."""
    _check_role(role)
    current = _locked(staff)
    if current.role == role:
        return
    _keep_an_owner(current, by)
    before = {"role": current.role}
    current.role = role
    current.save(update_fields=["role"])
    audit.record(
        by,
        "staff.change_role",
        current.user,
        site=current.site,
        before=before,
        after={"role": role},
    )


@transaction.atomic
def remove(staff: SiteStaff, *, by: audit.Actor) -> None:
    """Raises NotStaff, LastOwner."""
    current = _locked(staff)
    _keep_an_owner(current, by)
    audit.record(
        by, "staff.remove", current.user, site=current.site, before={"role": current.role}, after={}
    )
    current.delete()


def _checked(email: str) -> str:
    address = email.strip().lower()
    try:
        validate_email(address)
    except ValidationError as error:
        raise BadAddress(_("This is not a mail address.")) from error
    return address


def _check_role(role: str) -> None:
    if role not in StaffRole.values:
        raise UnknownRole(_("There is no such role."))


def _locked(staff: SiteStaff) -> SiteStaff:
    """The row as it is now. Holds the site's row, so that two owners cannot go at once."""
    Site.objects.select_for_update(no_key=True).get(pk=staff.site_id)
    current = SiteStaff.objects.select_related("user", "site").filter(pk=staff.pk).first()
    if current is None:
        raise NotStaff(_("This person is not among the staff any more."))
    return current


def _keep_an_owner(staff: SiteStaff, by: audit.Actor) -> None:
    is_deployments = by.via == Via.COMMAND or (by.user is not None and by.user.is_operator)
    if staff.role != StaffRole.OWNER or is_deployments:
        return
    owners = SiteStaff.objects.filter(site=staff.site_id, role=StaffRole.OWNER)
    if not owners.filter(user__is_active=True).exclude(pk=staff.pk).exists():
        raise LastOwner(_("The last owner has to stay. Make somebody else an owner first."))


def _tell(staff: SiteStaff) -> None:
    """In the reader's language where we know it, else in the site's."""
    site, user = staff.site, staff.user
    context = {
        "site": site,
        "staff": staff,
        "url": links.address_of(site, reverse("site_overview")),
        "password_url": links.address_of(site, reverse("account_reset_password")),
        "has_password": user.has_usable_password(),
    }
    with translation.override(user.language or site.language):
        subject = " ".join(render_to_string("mail/staff_subject.txt", context).split())
        body = render_to_string("mail/staff_message.txt", context)
    EmailMessage(subject, body, links.sender_of(site), [user.email]).send()
