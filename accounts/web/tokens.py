"""The pages of tokens of the management API: one's own, an organization's, a site's, operators'.

The secret is on the page that answers the making, and nowhere else. Who opens these pages has just
proved who they are; staff, with their second factor.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from accounts import api_tokens, audit
from accounts.api_keys import ID_CHARS
from accounts.api_tokens import NAME_CHARS_MAX, TokenRefused
from accounts.models import ApiToken, Organization, Site, TokenKind, User
from accounts.permissions import Act, StaffAct
from accounts.scopes import CARRIED, STAFF_SCOPES, Scope
from accounts.web import second_factor
from accounts.web.access import (
    confirm_identity,
    member_page,
    operator_page,
    site_page,
    staff_role,
)
from accounts.web.pages import render_page
from accounts.web.requests import MemberRequest, SiteRequest, StaffRequest

LIFETIMES = [
    (30, gettext_lazy("30 days")),
    (90, gettext_lazy("90 days")),
    (365, gettext_lazy("a year")),
    (0, gettext_lazy("until it is revoked")),
]


class TokenForm(forms.Form):
    """What a token is called, may do, and how long it opens."""

    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=NAME_CHARS_MAX,
        help_text=gettext_lazy("What the program is, so that you know it again."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    days = forms.TypedChoiceField(
        label=gettext_lazy("Works for"), coerce=int, choices=LIFETIMES, initial=90
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Scopes"), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: object, offered: list[Scope]) -> None:
        super().__init__(*args)  # type: ignore[arg-type]
        field = cast(forms.MultipleChoiceField, self.fields["scopes"])
        field.choices = [(scope.value, scope.value) for scope in offered]


@dataclass(frozen=True, slots=True)
class Place:
    """Whose tokens a page is about, and in which frame it stands."""

    kind: TokenKind
    shell: str
    rows: QuerySet[ApiToken]
    site: Site | None = None
    organization: Organization | None = None
    offered: frozenset[Scope] = frozenset()


@require_http_methods(["GET", "POST"])
@login_required
@confirm_identity
def personal(request: HttpRequest) -> HttpResponseBase:
    """One's own. Whoever is staff too needs the second factor, as for the pages it opens."""
    user, site = cast(User, request.user), cast(SiteRequest, request).site
    is_staff = staff_role(user, site.pk) is not None
    if is_staff and (answer := second_factor.staff_answer(request)) is not None:
        return answer
    offered = CARRIED[TokenKind.PERSONAL] - (frozenset() if is_staff else STAFF_SCOPES)
    if not user.is_operator:
        offered -= {Scope.OPS_READ, Scope.OPS_WRITE}
    rows = api_tokens.personal(user, site)
    return _page(request, Place(TokenKind.PERSONAL, "", rows, site=site, offered=offered))


@require_http_methods(["GET", "POST"])
@member_page(Act.MANAGE_TOKENS)
@confirm_identity
def of_organization(request: MemberRequest) -> HttpResponseBase:
    """An organization's own, which act in their own name."""
    rows = api_tokens.of_organization(request.organization)
    kind = TokenKind.ORGANIZATION
    place = Place(kind, "", rows, request.site, request.organization, CARRIED[kind])
    return _page(request, place)


@require_http_methods(["GET", "POST"])
@site_page(StaffAct.MANAGE_TOKENS)
@confirm_identity
def of_site(request: StaffRequest) -> HttpResponseBase:
    """A site's own."""
    rows, kind = api_tokens.of_site(request.site), TokenKind.SITE
    place = Place(kind, "site/base.html", rows, site=request.site, offered=CARRIED[kind])
    return _page(request, place)


@require_http_methods(["GET", "POST"])
@operator_page
@confirm_identity
def of_operators(request: HttpRequest) -> HttpResponseBase:
    """The deployment's."""
    kind = TokenKind.OPERATOR
    place = Place(kind, "ops/base.html", api_tokens.of_deployment(), offered=CARRIED[kind])
    return _page(request, place)


def _page(request: HttpRequest, place: Place) -> HttpResponse:
    """The list; a POST revokes one of it, or makes one and shows its secret."""
    if "revoke" in request.POST:
        return _revoke(request, place)
    offered = [scope for scope in Scope if scope in place.offered]
    form = TokenForm(request.POST or None, offered=offered)
    context: dict[str, object] = {
        "form": form,
        "tab": f"{place.kind}-tokens",
        "kind": place.kind,
        "here": request.path,
        "rows": [(row, _has_ended(row)) for row in place.rows[: api_tokens.TOKENS_MAX]],
    }
    if place.shell:
        context["own_shell"] = place.shell
    if form.is_valid() and (secret := _made(request, place, form)):
        context["secret"] = secret
        context["rows"] = [(row, _has_ended(row)) for row in place.rows[: api_tokens.TOKENS_MAX]]
        context["form"] = TokenForm(offered=offered)
        response = render_page(request, "settings/tokens.html", context)
        response.headers["Cache-Control"] = "no-store"
        return response
    status = 422 if form.is_bound else 200
    return render_page(request, "settings/tokens.html", context, status=status)


def _made(request: HttpRequest, place: Place, form: TokenForm) -> str:
    """The secret of a new token; "" where it is refused, and the form says why."""
    data = form.cleaned_data
    expires_at = timezone.now() + timedelta(days=data["days"]) if data["days"] else None
    try:
        made = api_tokens.make(
            place.kind,
            name=data["name"],
            scopes=data["scopes"],
            by=audit.actor_of(request),
            site=place.site,
            organization=place.organization,
            expires_at=expires_at,
        )
    except TokenRefused as error:
        is_full = error.code == "too_many_tokens"
        words = _("There are too many. Revoke some first.") if is_full else _("Not a name.")
        form.add_error("name", words)
        return ""
    return made.secret


def _revoke(request: HttpRequest, place: Place) -> HttpResponse:
    row = get_object_or_404(place.rows, pk=request.POST["revoke"][:ID_CHARS])
    api_tokens.revoke(row, by=audit.actor_of(request))
    messages.success(request, _("%(name)s is revoked.") % {"name": row.name})
    return redirect(request.path)


def _has_ended(row: ApiToken) -> bool:
    return row.expires_at is not None and row.expires_at <= timezone.now()
