"""The wizard's model: its id, the upstream that serves it, and its price."""

from django.contrib import messages
from django.db import IntegrityError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import audit
from accounts.web.access import confirm_posts
from relay import first_offer
from relay.models import Upstream
from relay.web.setup_forms import FirstModelForm
from relay.web.setup_pages import setup_page
from relay.web.setup_steps import Step, next_url, wizard_page


@require_http_methods(["GET", "POST"])
@wizard_page
@confirm_posts
def model(request: HttpRequest) -> HttpResponse:
    """What customers call first."""
    if not Upstream.objects.exists():
        return setup_page(request, "setup/model.html", Step.MODEL, needs_upstream=True)
    initial = {"id": request.GET.get("name", ""), "upstream": request.GET.get("upstream", "")}
    form = FirstModelForm(request.POST or None, initial=initial)
    if form.is_valid():
        values = form.cleaned_data
        try:
            first_offer.sell(
                values["id"],
                upstream=values["upstream"],
                name=values["upstream_name"] or values["id"],
                context_tokens=values["context_tokens"],
                max_output_tokens=values["max_output_tokens"],
                components=form.components,
                by=audit.actor_of(request),
            )
        except IntegrityError:
            form.add_error("id", _("There is one with this id already."))
        else:
            messages.success(request, _("%(id)s can be called.") % {"id": values["id"]})
            return redirect(next_url())
    return setup_page(request, "setup/model.html", Step.MODEL, form=form)
