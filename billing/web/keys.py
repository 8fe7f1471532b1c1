"""Keys: the list with what each spends, making one, showing its secret once, ending it."""

from dataclasses import dataclass

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import api_keys, audit
from accounts.key_terms import KeyTermsRefused
from accounts.models import ApiKey
from accounts.permissions import Act, may
from accounts.web.access import member_page
from accounts.web.pages import render_page
from accounts.web.requests import MemberRequest
from billing import keys as key_service
from billing.models import BlockEpisode
from billing.reports import blocks, price_list, spend
from billing.web.key_forms import KeyForm
from billing.web.snippets import base_url_of, snippets_of

# A list, not an archive: the newest are shown, the rest is found by the filter of the requests.
KEYS_MAX = 500
# Form ids of keys already made in this session, so that "refresh" makes no second one.
USED_FORMS = "used_key_forms"
USED_FORMS_MAX = 20


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key with its state and what it has spent."""

    key: ApiKey
    state: str
    today_nanos: int
    month_nanos: int
    episode: BlockEpisode | None
    may_change: bool

    @property
    def has_limits(self) -> bool:
        key = self.key
        limits = (key.budget_nanos, key.requests_per_minute, key.tokens_per_minute)
        return any(limits) or bool(key.allowed_models)


def state_of(key: ApiKey) -> str:
    """active, disabled, expired or revoked; the later word wins."""
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is not None and key.expires_at <= timezone.now():
        return "expired"
    return "active" if key.is_active else "disabled"


@require_safe
@member_page(Act.SEE_USAGE)
def keys(request: MemberRequest) -> HttpResponse:
    """C2."""

    def rows() -> list[KeyRow]:
        spent = spend.by_key_today_and_month(request.organization)
        episodes = blocks.by_key(request.organization)
        found = ApiKey.objects.filter(organization=request.organization)
        return [
            KeyRow(
                key=key,
                state=state_of(key),
                today_nanos=spent[key.id][0],
                month_nanos=spent[key.id][1],
                episode=episodes.get(key.id),
                may_change=may_change(request, key),
            )
            for key in found.select_related("created_by").order_by("-created_at")[:KEYS_MAX]
        ]

    context = {"rows": rows, "may_make": may(request.membership.role, Act.MAKE_KEYS)}
    return render_page(request, "app/keys.html", context, fragments=("keys",))


def may_change(request: MemberRequest, key: ApiKey) -> bool:
    """Owners change every key, developers the ones they made."""
    if may(request.membership.role, Act.MANAGE_ALL_KEYS):
        return True
    return may(request.membership.role, Act.MAKE_KEYS) and key.created_by_id == request.user.pk


@require_http_methods(["GET", "POST"])
@member_page(Act.MAKE_KEYS)
def create_key(request: MemberRequest) -> HttpResponse:
    """C3. The answer to the POST is the only page that ever shows the secret."""
    if request.method == "GET":
        return render_page(request, "app/key_create.html", {"form": KeyForm()})
    form = KeyForm(request.POST)
    if not form.is_valid():
        return render_page(request, "app/key_create.html", {"form": form}, status=422)
    if not claim_form(request, form.cleaned_data["form_id"]):
        messages.warning(
            request, _("That key was made already. Its secret was shown once and is not kept.")
        )
        return redirect("keys")
    try:
        minted = key_service.create(request.organization, form.terms(), by=audit.actor_of(request))
    except KeyTermsRefused as error:
        form.refuse(error)
        return render_page(request, "app/key_create.html", {"form": form}, status=422)
    return shown_once(request, minted)


def claim_form(request: MemberRequest, form_id: str) -> bool:
    """Whether this form is used for the first time; remembers it."""
    used: list[str] = request.session.get(USED_FORMS, [])
    if form_id in used:
        return False
    request.session[USED_FORMS] = [*used, form_id][-USED_FORMS_MAX:]
    return True


def shown_once(request: MemberRequest, minted: api_keys.Minted) -> HttpResponse:
    """The secret, and code with it filled in. No cache may keep this page."""
    sold = price_list.sold(request.site)
    model = (minted.key.allowed_models or [m.id for m in sold] or [""])[0]
    context = {
        "key": minted.key,
        "secret": minted.secret,
        "base_url": base_url_of(request),
        "snippets": snippets_of(request, model=model, key=minted.secret),
    }
    response = render_page(request, "app/key_secret.html", context)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def changeable(request: MemberRequest, key_id: str) -> ApiKey:
    """The organization's key, if this member may change it: else 404 or 403."""
    key = get_object_or_404(ApiKey, organization=request.organization, id=key_id)
    if not may_change(request, key):
        raise PermissionDenied
    return key


@require_http_methods(["GET", "POST"])
@member_page(Act.MAKE_KEYS)
def revoke_key(request: MemberRequest, key_id: str) -> HttpResponse:
    """Ask, then end a key for good."""
    key = changeable(request, key_id)
    if request.method == "GET":
        return render_page(request, "app/key_revoke.html", {"key": key})
    api_keys.revoke(key, by=audit.actor_of(request))
    messages.success(request, _("%(name)s is revoked.") % {"name": key.name})
    return redirect("keys")


@require_POST
@member_page(Act.MAKE_KEYS)
def switch_key(request: MemberRequest, key_id: str) -> HttpResponse:
    """Disable a key for a while, or enable it again; a revoked one stays as it is."""
    key = changeable(request, key_id)
    is_active = request.POST.get("active") == "1"
    if key.revoked_at is None:
        api_keys.set_active(key, is_active=is_active, by=audit.actor_of(request))
        text = _("%(name)s is enabled.") if is_active else _("%(name)s is disabled.")
        messages.success(request, text % {"name": key.name})
    return redirect("keys")
