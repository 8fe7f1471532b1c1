"""The wizard's upstream: add one, and make sure that it answers."""

from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import audit
from accounts.web.access import confirm_posts
from relay import upstream_checks, upstreams
from relay.models import Upstream
from relay.web.setup_pages import setup_page
from relay.web.setup_steps import Step, wizard_page
from relay.web.upstream_forms import CallForm, NewUpstreamForm

TEMPLATE = "setup/upstream.html"


@require_http_methods(["GET", "POST"])
@wizard_page
@confirm_posts
def upstream(request: HttpRequest) -> HttpResponse:
    """Add the first; once there is one, try it."""
    newest = Upstream.objects.order_by("-created_at", "id").first()
    if newest is not None and request.method == "GET" and "new" not in request.GET:
        return _trying(request, newest, CallForm())
    form = NewUpstreamForm(request.POST or None)
    if form.is_valid():
        upstream_id = form.cleaned_data["id"]
        try:
            upstreams.create(upstream_id, **form.settings(), by=audit.actor_of(request))
        except IntegrityError:
            form.add_error("id", _("There is one with this id already."))
        else:
            messages.success(request, _("%(id)s is added. Try it out.") % {"id": upstream_id})
            return redirect("setup_upstream")
    return setup_page(request, TEMPLATE, Step.UPSTREAM, form=form)


@require_http_methods(["GET", "POST"])
@wizard_page
def try_upstream(request: HttpRequest, upstream_id: str) -> HttpResponse:
    """Make a test call or list the models, and show what came of it."""
    row = get_object_or_404(Upstream, pk=upstream_id)
    if request.method == "GET":
        return redirect("setup_upstream")
    form, result = CallForm(request.POST), None
    if request.POST.get("act") == "models":
        form, result = CallForm(initial=request.POST.dict()), upstream_checks.list_models(row)
    elif form.is_valid():
        by = audit.actor_of(request)
        result = upstreams.test_call(row, form.cleaned_data["model"], by=by)
    return _trying(request, row, form, result)


def _trying(
    request: HttpRequest,
    row: Upstream,
    form: CallForm,
    result: upstream_checks.CheckResult | None = None,
) -> HttpResponse:
    status = 422 if form.is_bound and not form.is_valid() else 200
    return setup_page(
        request,
        TEMPLATE,
        Step.UPSTREAM,
        upstream=row,
        call_form=form,
        result=result,
        status=status,
    )
