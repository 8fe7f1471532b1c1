"""How a site's callers see each error: the preset, what differs, and the very bodies they get."""

from collections.abc import Mapping
from typing import Any

import msgspec
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts import audit
from accounts.models import Site
from accounts.models.sites import LANGUAGES
from accounts.permissions import StaffAct
from accounts.site_values import SiteRefused
from accounts.web.pages import render_page
from relay import site_errors
from relay.proxy import errors
from relay.proxy.causes import Cause
from relay.proxy.dialect import Dialect
from relay.proxy.errors import ApiError
from relay.storefronts import contract_of
from relay.web.refusal_texts import add_to
from relay.web.site_forms import preset_choices
from relay.web.site_shell import Shell, site_view

STATUS_WORDS = {
    402: gettext_lazy("402 Payment Required"),
    403: gettext_lazy("403 Forbidden"),
    429: gettext_lazy("429 Too Many Requests"),
}
# What the examples are about: any id and any detail would do.
REQUEST_ID = "req_example"
DETAIL = "…"
SHOWN = {Dialect.CHAT: "OpenAI", Dialect.MESSAGES: "Anthropic", Dialect.GEMINI: "Gemini"}
STATUS_MIN, STATUS_MAX = 400, 599


class ContractForm(forms.Form):
    """What counts for every cause."""

    preset = forms.ChoiceField(label=gettext_lazy("Error contract"), choices=preset_choices)
    no_credit_status = forms.TypedChoiceField(
        label=gettext_lazy("Answer when the balance is used up"),
        coerce=int,
        required=False,
        empty_value=None,
        choices=[("", gettext_lazy("As the error contract says")), *STATUS_WORDS.items()],
        help_text=gettext_lazy("The HTTP status; the error's code stays the same."),
    )


class CauseForm(forms.Form):
    """What the site says of one cause; what is left empty is as the preset has it."""

    status = forms.IntegerField(
        label=gettext_lazy("Status"), required=False, min_value=STATUS_MIN, max_value=STATUS_MAX
    )
    type = forms.CharField(label=gettext_lazy("Type"), required=False, max_length=60)
    code = forms.CharField(label=gettext_lazy("Code"), required=False, max_length=60)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for language, name in LANGUAGES:
            self.fields[f"message_{language}"] = forms.CharField(
                label=_("Message, %(language)s") % {"language": name},
                required=False,
                max_length=500,
            )

    @property
    def messages(self) -> list[forms.BoundField]:
        """The message in each language."""
        return [self[f"message_{language}"] for language, _name in LANGUAGES]

    def row(self) -> dict[str, Any]:
        """As it is stored."""
        values = self.cleaned_data
        message = {language: values[f"message_{language}"] for language, _name in LANGUAGES}
        plain = {name: values[name] for name in ("status", "type", "code")}
        return {**plain, "message": message}


@site_view("errors", StaffAct.CHANGE_SITE)
def error_page(request: HttpRequest, shell: Shell) -> HttpResponse:
    """The contract, or one cause of it (`?cause=`); `act` preview shows without storing."""
    name = request.GET.get("cause", "")
    if name in Cause.__members__:
        return _cause(request, shell, Cause[name])
    site = shell.site
    initial = {"preset": site.preset, "no_credit_status": site.no_credit_status}
    form = ContractForm(request.POST or None, initial=initial)
    if form.is_valid():
        by = audit.actor_of(request)
        site_errors.set_preset(site, form.cleaned_data["preset"], by=by)
        site_errors.set_no_credit_status(site, form.cleaned_data["no_credit_status"], by=by)
        messages.success(request, _("Saved."))
        return redirect(shell.url)
    contract = contract_of(site)
    rows = [
        (cause, looks, looks.message(site.language, DETAIL), cause.name in site.error_overrides)
        for cause in Cause
        for looks in (contract.of(cause),)
    ]
    context = {"shell": shell, "form": form, "rows": rows}
    return render_page(
        request, "site/errors.html", context, status=422 if request.method == "POST" else 200
    )


def _cause(request: HttpRequest, shell: Shell, cause: Cause) -> HttpResponse:
    site = shell.site
    stored = site.error_overrides.get(cause.name, {})
    form = CauseForm(request.POST or None, initial=_initial(stored))
    act = request.POST.get("act", "")
    shown = stored
    if act == "reset":
        site_errors.set_override(site, cause.name, {}, by=audit.actor_of(request))
        return _saved(request, shell, cause)
    if form.is_valid():
        try:
            shown = site_errors.check_row(cause.name, form.row())
            if act != "preview":
                site_errors.set_override(site, cause.name, shown, by=audit.actor_of(request))
                return _saved(request, shell, cause)
        except SiteRefused as refused:
            add_to(form, refused)
    context = {
        "shell": shell,
        "cause": cause,
        "form": form,
        "is_changed": bool(stored),
        "is_preview": act == "preview" and form.is_valid(),
        **_example(site, cause, shown),
    }
    return render_page(request, "site/error.html", context, status=422 if form.errors else 200)


def _initial(row: Mapping[str, Any]) -> dict[str, Any]:
    message = row.get("message", {})
    return {**row, **{f"message_{language}": text for language, text in message.items()}}


def _saved(request: HttpRequest, shell: Shell, cause: Cause) -> HttpResponse:
    messages.success(request, _("Saved."))
    return redirect(f"{shell.url}?{urlencode({'cause': cause.name})}")


def _example(site: Site, cause: Cause, row: Mapping[str, Any]) -> dict[str, Any]:
    """What a caller gets with `row` in place of what is stored: status, headers, bodies."""
    site.error_overrides = {**site.error_overrides, cause.name: dict(row)}
    contract = contract_of(site)
    error = ApiError(cause, detail=DETAIL)
    bodies = {}
    for dialect, word in SHOWN.items():
        answer = errors.answer(error, contract, dialect, site.language, REQUEST_ID)
        bodies[word] = msgspec.json.format(answer.body, indent=2).decode()
    looks = contract.of(cause)
    return {"looks": looks, "bodies": bodies}
