"""What a refusal or failure means to the people it happens to, by error code.

Codes are the relay's canonical ones (design.md, section 7); a site's preset may show others to
programs, pages always speak of these.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Words:
    """What happened, and what cures it."""

    cause: Promise
    cure: Promise


WORDS: dict[str, Words] = {
    "credit_balance_exhausted": Words(
        _("The balance could not cover the call."),
        _("Add to the balance, or ask for a shorter answer."),
    ),
    "key_budget_exceeded": Words(
        _("The budget of this key is spent."),
        _("Wait for the next period, or use a key with a larger budget."),
    ),
    "organization_budget_exceeded": Words(
        _("The budget of the organization is spent."),
        _("Wait for the next period, or raise the budget."),
    ),
    "rate_limit_exceeded": Words(
        _("A limit was reached: too much at once, or within a minute."),
        _("Slow down and retry after the time given in Retry-After."),
    ),
    "invalid_api_key": Words(
        _("The key is unknown, expired or was revoked."),
        _("Use a valid key; lost secrets cannot be recovered, only replaced."),
    ),
    "api_key_disabled": Words(
        _("The key is disabled."), _("Enable it on the page of the keys, or use another one.")
    ),
    "organization_suspended": Words(
        _("The organization is suspended."), _("Please contact support.")
    ),
    "organization_frozen": Words(
        _("The organization is frozen while its balance is checked."), _("Please contact support.")
    ),
    "site_suspended": Words(
        _("The site is suspended: it is not your balance or your key."),
        _("Please contact support."),
    ),
    "model_not_allowed": Words(
        _("The key may not use this model."),
        _("Use a model the key allows, or another key."),
    ),
    "ip_not_allowed": Words(
        _("The key may not be used from this address."),
        _("Call from an allowed address, or use another key."),
    ),
    "endpoint_not_allowed": Words(
        _("The key may not be used for this endpoint."),
        _("Use an endpoint the key allows, or another key."),
    ),
    "model_not_found": Words(
        _("There is no model of that name here."), _("Check the spelling of the model's id.")
    ),
    "request_too_large": Words(
        _("The request was larger than we accept."), _("Send less at once.")
    ),
    "context_length_exceeded": Words(
        _("The conversation is longer than the model can read."),
        _("Send less text, or use a model with a larger context."),
    ),
    "content_policy_violation": Words(
        _("The model's vendor declined the content."), _("Change the content of the request.")
    ),
    "upstream_error": Words(
        _("The model's vendor failed to answer."), _("Try again; you were not at fault.")
    ),
    "upstream_timeout": Words(
        _("The model's vendor took too long."), _("Try again; you were not at fault.")
    ),
    "no_upstream_available": Words(
        _("No vendor could take the call."), _("Try again in a moment, or use another model.")
    ),
    "gate_unavailable": Words(
        _("We could not check the balance, so we did not let the call through."),
        _("Try again in a moment."),
    ),
}
CALLER_MISTAKE = Words(
    _("The request was not valid."), _("Compare it with the documentation of the endpoint.")
)
OTHER_CAUSE = Words(_("The call was refused."), _("Please contact support with the request id."))


def words_of(code: str, status: int) -> Words:
    """The words of a code; by status class for a code without its own."""
    if code in WORDS:
        return WORDS[code]
    return CALLER_MISTAKE if status in (400, 404, 405, 413, 415, 422) else OTHER_CAUSE
