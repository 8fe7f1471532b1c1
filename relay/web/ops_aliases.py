"""Staff give models further names and take them away, on the model's page."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import audit
from accounts.web.access import operator_page
from billing.models import Model
from relay import aliases
from relay.models import ModelAlias
from relay.web.alias_form import AliasForm
from relay.web.ops_models import detail_page


@require_POST
@operator_page
def add_alias(request: HttpRequest, model_id: str) -> HttpResponse:
    """One more."""
    model = get_object_or_404(Model, pk=model_id)
    form = AliasForm(request.POST)
    if form.is_valid():
        try:
            made = aliases.add(model, **form.cleaned_data, by=audit.actor_of(request))
        except aliases.AliasTaken:
            form.add_error("alias", _("It is a model's id, or leads to a model there already."))
        else:
            text = _("%(alias)s leads to %(id)s.")
            messages.success(request, text % {"alias": made.alias, "id": model.pk})
            return redirect("ops_model", model.pk)
    return detail_page(request, model, alias_form=form, status=422)


@require_POST
@operator_page
def remove_alias(request: HttpRequest, alias_id: int) -> HttpResponse:
    """One less."""
    found = get_object_or_404(ModelAlias, pk=alias_id)
    aliases.remove(found, by=audit.actor_of(request))
    messages.success(request, _("%(alias)s leads nowhere now.") % {"alias": found.alias})
    return redirect("ops_model", found.model_id)
