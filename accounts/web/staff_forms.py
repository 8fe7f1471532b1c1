"""The small forms of the staff pages."""

from allauth.mfa.models import Authenticator
from django import forms
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy as _

from accounts.models import SiteStaff, StaffRole, User

# A list, not an archive: more people than this do not run one site.
STAFF_MAX = 200

ROLE_WORDS = {
    StaffRole.OWNER: _("everything, staff and settings too"),
    StaffRole.FINANCE: _("credits, debits, prices"),
    StaffRole.SUPPORT: _("customers: suspend, plan, look as they do"),
    StaffRole.VIEWER: _("looks, changes nothing"),
}


class AddressForm(forms.Form):
    """Who."""

    email = forms.CharField(
        label=_("Mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )


class StaffForm(AddressForm):
    """Who, and as what."""

    role = forms.ChoiceField(label=_("Role"), choices=StaffRole.choices, initial=StaffRole.VIEWER)


def has_second_factor(user_column: str) -> Exists:
    """Whether the user in a column of a query has an authenticator app or a passkey."""
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    return Exists(Authenticator.objects.filter(user=OuterRef(user_column), type__in=kinds))


def staff_of(site_id: str) -> QuerySet[SiteStaff]:
    """A site's staff with what a list shows of each."""
    rows = SiteStaff.objects.filter(site=site_id).select_related("user")
    return rows.annotate(has_factor=has_second_factor("user_id")).order_by("created_at", "id")


def operators() -> QuerySet[User]:
    """The deployment's operators, the same."""
    rows = User.objects.filter(is_operator=True)
    return rows.annotate(has_factor=has_second_factor("pk")).order_by("date_joined", "pk")
