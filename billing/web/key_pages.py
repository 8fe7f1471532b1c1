"""One key: what it did and may do, who changed it, its limits, its end."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import api_keys, audit, key_access, key_rotation
from accounts.key_rotation import OldSecret
from accounts.key_terms import KeyTermsRefused
from accounts.models import ApiKey, AuditRecord, KeyAddress, RetiredSecret
from accounts.permissions import Act
from accounts.web.access import member_page
from accounts.web.pages import render_page
from accounts.web.requests import MemberRequest
from billing import keys, site_models
from billing.charts import Chart, chart_of
from billing.reports import days, spend
from billing.reports import keys as report
from billing.web.key_forms import KeyForm, RevokeForm
from billing.web.new_key import changeable, form_page

CHART_DAYS = 30


class KeyReport:
    """What the page of a key shows; each part is read when it is drawn, and once."""

    def __init__(self, key: ApiKey) -> None:
        self.key = key

    @cached_property
    def row(self) -> report.KeyRow:
        spent = {self.key.pk: (self.tally.today_nanos, self.tally.month_nanos)}
        return report.rows(self.key.organization, [self.key], spent=spent)[0]

    @cached_property
    def refused(self) -> list[report.RefusedBy]:
        return report.refused_by_rule(self.key)

    @cached_property
    def tally(self) -> report.Tally:
        return report.tally(self.key, self.refused)

    @cached_property
    def chart(self) -> Chart:
        span = days.last(CHART_DAYS)
        spent = spend.by_day_and_model(self.key.organization, span, key_id=self.key.pk)
        return chart_of(span, spent)

    @cached_property
    def old_secrets(self) -> list[OldSecret]:
        return key_rotation.old_secrets(self.key)

    @cached_property
    def addresses(self) -> list[KeyAddress]:
        return report.addresses(self.key)

    @cached_property
    def trail(self) -> list[AuditRecord]:
        return report.trail(self.key)

    @cached_property
    def unsold(self) -> list[str]:
        """Models that the key allows and the site does not offer by that id."""
        allowed = self.key.allowed_models
        if not allowed:
            return []
        offered = site_models.sold(self.key.organization.site).filter(pk__in=allowed)
        sold = set(offered.values_list("pk", flat=True))
        return [each for each in allowed if each not in sold]


@require_safe
@member_page(Act.SEE_USAGE)
def key(request: MemberRequest, key_id: str) -> HttpResponse:
    """C4."""
    try:
        found = key_access.find(request.membership, key_id)
    except key_access.KeyNotFound:
        raise Http404 from None
    context = {
        "key": found,
        "report": KeyReport(found),
        "may_change": key_access.may_change(request.membership, found),
    }
    return render_page(request, "app/key.html", context, fragments=("figures", "secrets"))


@require_http_methods(["GET", "POST"])
@member_page(Act.MAKE_KEYS)
def edit_key(request: MemberRequest, key_id: str) -> HttpResponse:
    """Another name, other limits. Relays follow within a second."""
    found = changeable(request, key_id)
    form = KeyForm(request.POST if request.method == "POST" else None, key=found)
    if form.is_bound and form.is_valid():
        try:
            keys.change(found, form.terms(), by=audit.actor_of(request))
        except KeyTermsRefused as error:
            form.refuse(error)
        except keys.KeyEnded:
            form.add_error(None, _("This key has ended. Create another one."))
        else:
            messages.success(request, _("%(name)s is changed.") % {"name": form.terms().name})
            return redirect("key", found.pk)
    return form_page(request, "app/key_edit.html", form, found)


@require_http_methods(["GET", "POST"])
@member_page(Act.MAKE_KEYS)
def revoke_key(request: MemberRequest, key_id: str) -> HttpResponse:
    """Ask for the name, then end a key for good."""
    found = changeable(request, key_id)
    form = RevokeForm(found, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        api_keys.revoke(found, by=audit.actor_of(request))
        messages.success(request, _("%(name)s is revoked.") % {"name": found.name})
        return redirect("keys")
    context = {"key": found, "form": form}
    return render_page(
        request, "app/key_revoke.html", context, status=422 if form.is_bound else 200
    )


@require_POST
@member_page(Act.MAKE_KEYS)
def switch_key(request: MemberRequest, key_id: str) -> HttpResponse:
    """Disable a key for a while, or enable it again; a revoked one stays as it is."""
    found = changeable(request, key_id)
    is_active = request.POST.get("active") == "1"
    api_keys.set_active(found, is_active=is_active, by=audit.actor_of(request))
    if found.revoked_at is None:
        text = _("%(name)s is enabled.") if is_active else _("%(name)s is disabled.")
        messages.success(request, text % {"name": found.name})
    return redirect("key", found.pk)


@require_POST
@member_page(Act.MAKE_KEYS)
def end_old_secret(request: MemberRequest, key_id: str, retired_id: int) -> HttpResponse:
    """Let an old secret open no longer."""
    found = changeable(request, key_id)
    try:
        key_rotation.end_old_secret(found, retired_id, by=audit.actor_of(request))
    except RetiredSecret.DoesNotExist:
        raise Http404 from None
    messages.success(request, _("The old secret works no longer."))
    return redirect("key", found.pk)
