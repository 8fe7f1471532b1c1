"""The page of the deployment's operators. Who opens it has just proved who they are."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts import audit, operators
from accounts.models import User
from accounts.web import staff_forms
from accounts.web.access import confirm_identity, operator_page
from accounts.web.pages import render_page
from accounts.web.staff_forms import STAFF_MAX, AddressForm


@require_http_methods(["GET", "POST"])
@operator_page
@confirm_identity
def staff(request: HttpRequest) -> HttpResponse:
    """O18. A POST is the form that makes somebody an operator."""
    form = AddressForm(request.POST or None)
    if form.is_valid():
        try:
            user = operators.make(form.cleaned_data["email"], by=audit.actor_of(request))
        except operators.OperatorError as error:
            form.add_error("email", str(error))
        else:
            messages.success(request, _("%(who)s is an operator.") % {"who": user.email})
            return redirect("operators")
    context = {"form": form, "rows": staff_forms.operators()[:STAFF_MAX]}
    status = 422 if form.is_bound else 200
    return render_page(request, "ops/staff.html", context, status=status)


@require_http_methods(["GET", "POST"])
@operator_page
@confirm_identity
def remove(request: HttpRequest, user_id: int) -> HttpResponse:
    """Ask, then end somebody's being an operator."""
    user = get_object_or_404(User, pk=user_id, is_operator=True)
    if request.method == "GET":
        return render_page(request, "ops/staff_remove.html", {"person": user})
    try:
        operators.unmake(user, by=audit.actor_of(request))
    except operators.OperatorError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("%(who)s is no operator any more.") % {"who": user.email})
        if user.pk == request.user.pk:
            return redirect("/")
    return redirect("operators")
