"""Announcements of a site, or of all of them: drafted, published, resolved."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import announcements, audit
from accounts.announcements import Draft
from accounts.models import Announcement, Site
from accounts.models.sites import LANGUAGES
from accounts.permissions import StaffAct
from accounts.site_values import SiteRefused
from accounts.web.access import operator_page
from accounts.web.doors import OPERATORS
from accounts.web.pages import render_page
from relay.web.refusal_texts import add_to
from relay.web.site_forms import AnnouncementForm
from relay.web.site_shell import Shell, site_view

ROWS_MAX = 100


@site_view("announcements", StaffAct.SERVE_CUSTOMERS)
def of_site(request: HttpRequest, shell: Shell) -> HttpResponse:
    """A site's own."""
    return _page(request, shell.site, {"shell": shell, "door": shell.door, "url": shell.url})


@require_http_methods(["GET", "POST"])
@operator_page
def of_all(request: HttpRequest) -> HttpResponse:
    """Those that show on every site."""
    return _page(request, None, {"door": OPERATORS, "url": request.path})


def _page(request: HttpRequest, site: Site | None, frame: dict[str, Any]) -> HttpResponse:
    rows = announcements.of_staff(site)
    if site is None:
        rows = rows.filter(site=None)
    edited = get_object_or_404(rows, pk=asked) if (asked := request.GET.get("edit")) else None
    by = audit.actor_of(request)
    if state := request.POST.get("state", ""):
        row = get_object_or_404(rows, pk=request.POST.get("announcement", ""))
        return _set_state(request, row, state, str(frame["url"]), by)
    form = AnnouncementForm(request.POST or None, initial=_initial(edited))
    if form.is_valid() and _save(form, site, edited, by):
        messages.success(request, _("Saved."))
        return redirect(str(frame["url"]))
    context = {"rows": rows[:ROWS_MAX], "form": form, "edited": edited, **frame}
    context["words_site"] = site or request.site
    status = 422 if form.is_bound else 200
    return render_page(request, "site/announcements.html", context, status=status)


def _set_state(
    request: HttpRequest, row: Announcement, state: str, url: str, by: audit.Actor
) -> HttpResponse:
    try:
        announcements.set_state(row, state, by=by)
    except SiteRefused:
        messages.error(request, _("This cannot be saved."))
    return redirect(url)


def _save(
    form: AnnouncementForm, site: Site | None, edited: Announcement | None, by: audit.Actor
) -> bool:
    values = form.cleaned_data
    starts_at: datetime = values["starts_at"]
    draft = Draft(
        kind=values["kind"],
        title={code: values[f"title_{code}"] for code, _name in LANGUAGES},
        body={code: values[f"body_{code}"] for code, _name in LANGUAGES},
        model_ids=values["model_ids"].split(),
        starts_at=starts_at,
        ends_at=values["ends_at"],
    )
    try:
        if edited is None:
            announcements.create(site, draft, by=by)
        else:
            announcements.change(edited, draft, by=by)
    except SiteRefused as refused:
        add_to(form, refused)
        return False
    return True


def _initial(row: Announcement | None) -> dict[str, Any]:
    if row is None:
        return {"starts_at": timezone.localtime(), "kind": Announcement.Kind.NEWS}
    texts = {f"title_{code}": text for code, text in row.title.items()}
    texts |= {f"body_{code}": text for code, text in row.body.items()}
    return {
        **texts,
        "kind": row.kind,
        "starts_at": row.starts_at,
        "ends_at": row.ends_at,
        "model_ids": " ".join(row.model_ids),
    }
