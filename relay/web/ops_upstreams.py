"""Staff pages of upstreams: list, add, change, pause, try out, see how they do. Never shows a
credential."""

from typing import Any

from django.contrib import messages
from django.db import IntegrityError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import audit
from accounts.web.access import confirm_posts, operator_page
from accounts.web.pages import render_page
from relay import health_reports, upstream_checks, upstream_health, upstreams
from relay.models import Upstream
from relay.web.upstream_forms import (
    CallForm,
    CredentialForm,
    NewUpstreamForm,
    PauseForm,
    UpstreamForm,
)

# A deployment has dozens; a longer list needs a search first.
UPSTREAMS_MAX = 500
FRAGMENTS = ("test", "switch")


@require_safe
@operator_page
def upstream_list(request: HttpRequest) -> HttpResponse:
    """Every upstream with its state."""
    rows = Upstream.objects.annotate(route_count=Count("routes")).order_by("id")
    reports, shown = health_reports.read(), list(rows[:UPSTREAMS_MAX])
    for row in shown:
        row.standing = upstream_health.standing_of(row, reports)  # type: ignore[attr-defined]
    return render_page(request, "ops/upstreams.html", {"rows": shown})


@require_http_methods(["GET", "POST"])
@operator_page
@confirm_posts
def create_upstream(request: HttpRequest) -> HttpResponse:
    """Add one, then go on to try it."""
    form = NewUpstreamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            upstream = upstreams.create(
                form.cleaned_data["id"], **form.settings(), by=audit.actor_of(request)
            )
        except IntegrityError:
            form.add_error("id", _("There is one with this id already."))
        else:
            messages.success(request, _("%(id)s is added. Try it out.") % {"id": upstream.pk})
            return redirect("ops_upstream", upstream.pk)
    status = 422 if form.is_bound else 200
    return render_page(request, "ops/upstream_new.html", {"form": form}, status=status)


@require_http_methods(["GET", "POST"])
@operator_page
@confirm_posts
def upstream_detail(request: HttpRequest, upstream_id: str) -> HttpResponse:
    """Change one, and try it out."""
    upstream = get_object_or_404(Upstream, pk=upstream_id)
    form = UpstreamForm(request.POST or None, upstream=upstream)
    if request.method == "POST" and form.is_valid():
        upstreams.update(upstream, **form.settings(), by=audit.actor_of(request))
        messages.success(request, _("%(id)s is saved.") % {"id": upstream.pk})
        return redirect("ops_upstream", upstream.pk)
    status = 422 if form.is_bound else 200
    return _detail_page(request, upstream, form=form, call_form=_call_form(upstream), status=status)


@require_http_methods(["GET", "POST"])
@operator_page
def try_upstream(request: HttpRequest, upstream_id: str) -> HttpResponse:
    """Make a test call or list the models, and show what came of it on the same page. A call
    costs money: the trail has who made it."""
    upstream = get_object_or_404(Upstream, pk=upstream_id)
    if request.method == "GET":
        # Without a script the result stands under this address; coming back to it tries nothing.
        return redirect("ops_upstream", upstream.pk)
    result = None
    call_form = CallForm(request.POST)
    if request.POST.get("act") == "models":
        result = upstream_checks.list_models(upstream)
        call_form = _call_form(upstream)
    elif call_form.is_valid():
        named = call_form.cleaned_data["model"]
        result = upstreams.test_call(upstream, named, by=audit.actor_of(request))
    return _detail_page(
        request,
        upstream,
        form=UpstreamForm(upstream=upstream),
        call_form=call_form,
        result=result,
        status=200 if result else 422,
    )


@require_POST
@operator_page
def switch_upstream(request: HttpRequest, upstream_id: str) -> HttpResponse:
    """Pause, with a reason, or resume."""
    upstream = get_object_or_404(Upstream, pk=upstream_id)
    if request.POST.get("active") == "1":
        upstreams.set_active(upstream, is_active=True, by=audit.actor_of(request))
        messages.success(request, _("%(id)s takes calls again.") % {"id": upstream.pk})
        return redirect("ops_upstream", upstream.pk)
    form = PauseForm(request.POST)
    if not form.is_valid():
        forms = {"form": UpstreamForm(upstream=upstream), "call_form": _call_form(upstream)}
        return _detail_page(request, upstream, **forms, pause_form=form, status=422)
    reason = form.cleaned_data["reason"]
    upstreams.set_active(upstream, is_active=False, by=audit.actor_of(request), reason=reason)
    text = _("%(id)s gets no new calls. Those under way finish.")
    messages.success(request, text % {"id": upstream.pk})
    return redirect("ops_upstream", upstream.pk)


@require_POST
@operator_page
@confirm_posts
def add_credential(request: HttpRequest, upstream_id: str) -> HttpResponse:
    """One more, for this host."""
    upstream = get_object_or_404(Upstream, pk=upstream_id)
    form = CredentialForm(request.POST)
    if form.is_valid():
        try:
            upstreams.add_credential(upstream, **form.cleaned_data, by=audit.actor_of(request))
        except ValueError:
            form.add_error("secret", _("It is there already, or there are too many."))
        else:
            messages.success(request, _("The credential is added."))
            return redirect("ops_upstream", upstream.pk)
    return _detail_page(
        request,
        upstream,
        form=UpstreamForm(upstream=upstream),
        call_form=_call_form(upstream),
        credential_form=form,
        status=422,
    )


@require_POST
@operator_page
@confirm_posts
def remove_credential(request: HttpRequest, upstream_id: str, credential_id: str) -> HttpResponse:
    """One less."""
    upstream = get_object_or_404(Upstream, pk=upstream_id)
    upstreams.remove_credential(upstream, credential_id, by=audit.actor_of(request))
    messages.success(request, _("The credential is removed."))
    return redirect("ops_upstream", upstream.pk)


def _call_form(upstream: Upstream) -> CallForm:
    """Filled in with a model that a route sends there, if there is one."""
    route = upstream.routes.first()
    return CallForm(initial={"model": route.name if route else ""})


def _detail_page(
    request: HttpRequest, upstream: Upstream, *, status: int, **context: Any
) -> HttpResponse:
    context |= {"upstream": upstream, "routes": upstream.routes.select_related("model")}
    context.setdefault("credential_form", CredentialForm())
    context.setdefault("pause_form", PauseForm())
    context["standing"] = upstream_health.standing_of(upstream, health_reports.read())
    return render_page(request, "ops/upstream.html", context, fragments=FRAGMENTS, status=status)
