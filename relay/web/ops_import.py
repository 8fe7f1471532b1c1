"""Staff page: take models over from an upstream's own list. What is taken is switched off."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import audit
from accounts.web.access import operator_page
from accounts.web.pages import render_page
from relay import model_import, upstream_checks
from relay.models import Upstream
from relay.upstream_checks import MODELS_MAX, SAMPLE_CHARS_MAX


@require_http_methods(["GET", "POST"])
@operator_page
def import_models(request: HttpRequest, upstream_id: str) -> HttpResponse:
    """Ask for the list, show what is new on it, and take over what is ticked."""
    upstream = get_object_or_404(Upstream, pk=upstream_id)
    act = request.POST.get("act") if request.method == "POST" else ""
    if act == "take":
        return _take(request, upstream)
    if act != "list":
        return render_page(request, "ops/import.html", {"upstream": upstream})
    result = upstream_checks.list_models(upstream)
    compared = model_import.compare(upstream, result.models) if result.ok else None
    context = {"upstream": upstream, "result": result, "compared": compared}
    return render_page(request, "ops/import.html", context, status=200 if result.ok else 422)


def _take(request: HttpRequest, upstream: Upstream) -> HttpResponse:
    ticked = [name[:SAMPLE_CHARS_MAX] for name in request.POST.getlist("names")[:MODELS_MAX]]
    try:
        taken = model_import.take(upstream, ticked, by=audit.actor_of(request))
    except ValueError:
        text = _("At most %(count)d at once. Take these over in parts.")
        messages.error(request, text % {"count": model_import.TAKEN_MAX})
        return redirect("ops_models_import", upstream.pk)
    if not taken.models and not taken.routes:
        messages.error(request, _("Nothing was ticked that is not there already."))
        return redirect("ops_models_import", upstream.pk)
    text = _(
        "%(models)d models and %(routes)d routes are added, switched off. Give each model a price"
        " and its limits, then switch it on."
    )
    count = {"models": len(taken.models), "routes": len(taken.models) + len(taken.routes)}
    messages.success(request, text % count)
    return redirect("ops_models")
