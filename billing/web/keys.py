"""The list of keys, found by state, creator or text, and what is done to several at once."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts import api_keys, audit, key_access
from accounts.models import ApiKey
from accounts.permissions import Act, may
from accounts.web.access import member_page
from accounts.web.pages import render_page
from accounts.web.requests import MemberRequest
from billing.reports import keys as report
from billing.web.key_forms import RevokeManyForm

# A user's id in a filter.
ID_DIGITS_MAX = 18


def filters_of(request: MemberRequest) -> report.Filters:
    """What the query asks for; what makes no sense is left out."""
    state, creator = request.GET.get("state", ""), request.GET.get("creator", "")
    text = request.GET.get("q", "").replace("\0", "").strip()
    is_id = creator.isascii() and creator.isdigit() and len(creator) <= ID_DIGITS_MAX
    return report.Filters(
        state=state if state in report.STATES else "",
        creator=creator if is_id else "",
        text=text[: report.SEARCH_CHARS_MAX],
    )


@require_safe
@member_page(Act.SEE_USAGE)
def keys(request: MemberRequest) -> HttpResponse:
    """C2."""
    member, filters = request.membership, filters_of(request)
    visible = key_access.visible(member)

    def rows() -> list[report.KeyRow]:
        found = report.narrowed(visible, filters)[: report.KEYS_MAX]
        return report.rows(request.organization, found)

    context = {
        "rows": rows,
        "rows_max": report.KEYS_MAX,
        "filters": filters,
        "states": report.STATES,
        "creators": lambda: report.creators(visible),
        "may_make": may(member.role, Act.MAKE_KEYS),
    }
    return render_page(request, "app/keys.html", context, fragments=("keys",))


@require_POST
@member_page(Act.MAKE_KEYS)
def change_keys(request: MemberRequest) -> HttpResponse:
    """Disable, enable or revoke the keys that are marked; revoking asks once more."""
    marked = _marked(request)
    act = request.POST.get("act", "")
    if not marked:
        messages.warning(request, _("Mark the keys first."))
        return redirect("keys")
    if act == "revoke":
        return _revoke_many(request, marked)
    if act in ("disable", "enable"):
        is_active, by = act == "enable", audit.actor_of(request)
        for key in marked:
            api_keys.set_active(key, is_active=is_active, by=by)
        if is_active:
            text = ngettext("%(count)s key is enabled.", "%(count)s keys are enabled.", len(marked))
        else:
            text = ngettext(
                "%(count)s key is disabled.", "%(count)s keys are disabled.", len(marked)
            )
        messages.success(request, text % {"count": len(marked)})
    return redirect("keys")


def _revoke_many(request: MemberRequest, marked: list[ApiKey]) -> HttpResponse:
    is_sent = "count" in request.POST
    form = RevokeManyForm(marked, request.POST if is_sent else None)
    if not (is_sent and form.is_valid()):
        context = {"keys": marked, "form": form}
        return render_page(request, "app/keys_revoke.html", context, status=422 if is_sent else 200)
    for key in marked:
        api_keys.revoke(key, by=audit.actor_of(request))
    text = ngettext("%(count)s key is revoked.", "%(count)s keys are revoked.", len(marked))
    messages.success(request, text % {"count": len(marked)})
    return redirect("keys")


def _marked(request: MemberRequest) -> list[ApiKey]:
    """The marked keys that this member may change; anybody else's are none of them."""
    ids = request.POST.getlist("key")[: report.KEYS_MAX]
    found = key_access.visible(request.membership).filter(pk__in=ids, revoked_at=None)
    return [key for key in found.order_by("name") if key_access.may_change(request.membership, key)]
