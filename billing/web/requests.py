"""The log of calls and the story of one."""

from datetime import date
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts import key_access
from accounts.permissions import Act
from accounts.web.access import member_page
from accounts.web.pages import render_page
from accounts.web.requests import MemberRequest
from billing import explain
from billing.models import Refusal, UsageRecord
from billing.refusal_words import words_of
from billing.reports import calls

# A list to choose from; whoever has more finds a key's calls from its own page.
KEYS_MAX = 500
OUTCOMES = ("", "ok", "refused", "failed")


@require_safe
@member_page(Act.SEE_USAGE)
def requests(request: MemberRequest) -> HttpResponse:
    """C6. Filters and place live in the URL."""
    filters = filters_of(request)
    after = calls.parse_cursor(search_text(request.GET.get("after", "")))
    page = calls.page(request.organization, filters, after=after)
    kept = {name: value for name, value in query_of(filters).items() if value}
    here = reverse("requests")
    context = {
        "page": page,
        "filters": filters,
        "keys": key_access.visible(request.membership).order_by("name")[:KEYS_MAX],
        "older_url": f"{here}?{urlencode({**kept, 'after': str(page.older)})}"
        if page.older
        else "",
        "newest_url": f"{here}?{urlencode(kept)}" if after else "",
        "is_newest": after is None,
        "outcomes": OUTCOMES,
    }
    return render_page(request, "app/requests.html", context, fragments=("log",))


def filters_of(request: MemberRequest) -> calls.Filters:
    """What the URL asks for; nonsense is the same as nothing."""
    outcome = request.GET.get("outcome", "")
    return calls.Filters(
        outcome=outcome if outcome in OUTCOMES else "",
        model=search_text(request.GET.get("model", "")),
        key=search_text(request.GET.get("key", "")),
        id=search_text(request.GET.get("id", "")),
        day=day_of(request.GET.get("day", "")),
    )


def search_text(text: str) -> str:
    """Bounded, and without the one character that Postgres has no text for."""
    return text.replace("\0", "").strip()[: calls.SEARCH_CHARS_MAX]


def day_of(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def query_of(filters: calls.Filters) -> dict[str, str]:
    return {
        "outcome": filters.outcome,
        "model": filters.model,
        "key": filters.key,
        "id": filters.id,
        "day": filters.day.isoformat() if filters.day else "",
    }


@require_safe
@member_page(Act.SEE_USAGE)
def request_detail(request: MemberRequest, request_id: str) -> HttpResponse:
    """C7. One call: what it cost and why, or which rule refused it. 404 for anyone else's."""
    request_id = search_text(request_id)
    record = (
        UsageRecord.objects.filter(organization=request.organization, request_id=request_id)
        .select_related("api_key")
        .first()
    )
    if record is not None:
        context = {
            **head(),
            "record": record,
            "told": explain.explain(record),
            "row": calls.row_of_record(record),
            "words": words_of(record.error_code, record.status) if record.error_code else None,
        }
        return render_page(request, "app/request.html", context)
    return refusal_detail(request, request_id)


def head() -> dict[str, str]:
    """What the head of a call's page needs, which staff have too."""
    return {"shell": "app.html", "back_url": reverse("requests")}


def refusal_detail(request: MemberRequest, request_id: str) -> HttpResponse:
    """The same page for a call that never reached a model."""
    refusal = (
        Refusal.objects.filter(organization=request.organization, id=request_id)
        .select_related("api_key", "episode")
        .first()
    )
    if refusal is None:
        raise Http404
    context = {
        **head(),
        "refusal": refusal,
        "row": calls.row_of_refusal(refusal),
        "words": words_of(refusal.code, refusal.status),
    }
    return render_page(request, "app/request.html", context)
