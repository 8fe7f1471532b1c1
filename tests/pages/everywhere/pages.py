"""Which pages there are: whatever the URL configuration names, but for what is listed here.

An address that is new is a page until this file says otherwise.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from billing.web.customers import TABS

# Who looks: nobody in particular, somebody without an organization, who may see everything.
VISITOR, NEWCOMER, PERSON = "visitor", "newcomer", "person"


@dataclass(frozen=True, slots=True)
class Page:
    """Who looks, where, and the status of the answer."""

    viewer: str
    path: str
    status: int = 200


# Where that is not the person.
SEEN_BY: Mapping[str, str] = {
    "account_login": VISITOR,
    "account_signup": VISITOR,
    "account_inactive": VISITOR,
    "account_email_verification_sent": VISITOR,
    "account_reset_password": VISITOR,
    "account_reset_password_done": VISITOR,
    "account_reset_password_from_key": VISITOR,
    "account_reset_password_from_key_done": VISITOR,
    "account_confirm_email": VISITOR,
    "landing": VISITOR,
    "invitation": VISITOR,
    "new_organization": NEWCOMER,
    "mfa_activate_totp": NEWCOMER,
    "mfa_add_webauthn": NEWCOMER,
}
NO_PAGE: Mapping[str, str] = {
    "account_set_password": "leads to changing it, who has one",
    "socialaccount_signup": "comes from another service only",
    "mfa_list_webauthn": "leads to all second factors",
    "mfa_authenticate": "comes after a password only",
    "mfa_login_webauthn": "is what a passkey is asked with",
    "setup": "leads to the next step, once there is an operator",
    "setup_try": "leads back to the upstream's step",
    "api_schema": "is JSON",
    "ops_audit_csv": "is a table",
    "site_audit_csv": "is a table",
    "brand_style": "is a style sheet",
    "brand_image": "is a picture",
    "statement_csv": "is a table",
    "ops_ledger_csv": "is a table",
    "site_ledger_csv": "is a table",
    "ops_organization_statement": "is a table",
    "site_organization_statement": "is a table",
    "site_staff_role": "leads back to the list",
    "ops_try": "leads back to the upstream",
}
# What some of them show when they are asked otherwise.
MORE: Mapping[str, tuple[str, ...]] = {
    "public_models": ("?q=none",),
    "usage": ("?group=model",),
    "requests": ("?model=none",),
    "ops_organization": tuple(f"?tab={name}" for name in TABS),
    "ops_requests": ("?status=5xx&model=none",),
    "site_organization": ("?tab=limits", "?tab=prices"),
    "site_price_list": ("?q=none",),
    "site_contract": ("?model=openai/gpt-4o",),
    "site_models": ("?model=openai/gpt-4o",),
    "ops_site_models": ("?model=openai/gpt-4o",),
    "site_errors": ("?cause=NO_CREDIT",),
}
# Where that is not 200.
STATUS: Mapping[str, int] = {"socialaccount_login_error": 401}
# Addresses of what has no name, or is not there, and the status that says so.
ODD: Mapping[str, int] = {
    "/nowhere": 404,
    "/app/requests/req_answered": 200,
    "/app/requests/req_refused": 200,
    "/ops/requests/req_answered": 200,
    "/invitations/withdrawn-long-ago": 410,
}
