"""What the management API does in place of each page that is sent something; or why it does not.

Written by hand: a page that takes a POST has a line in one of the two tables.
"""

from collections.abc import Mapping

# Operations' ids. An operator's page of one site or customer is the operation at that site's host,
# where operators own everything.
SAME: Mapping[str, str] = {
    # people
    "settings": "organization.change",
    "new_organization": "organization.create",
    "team": "invitations.create",
    "team_resend": "invitations.resend",
    "team_withdraw": "invitations.withdraw",
    "team_role": "members.change",
    "team_remove": "members.remove",
    "team_leave": "members.leave",
    "team_transfer": "organization.transfer",
    "invitation": "invitations.accept",
    "site_staff": "site.staff.add",
    "site_staff_role": "site.staff.change",
    "site_staff_remove": "site.staff.remove",
    "operators": "ops.operators.make",
    "operator_remove": "ops.operators.unmake",
    # a customer's dashboard
    "create_key": "keys.create",
    "change_keys": "keys.change keys.revoke",
    "edit_key": "keys.change",
    "rotate_key": "keys.rotate",
    "revoke_key": "keys.revoke",
    "switch_key": "keys.change",
    "end_old_secret": "keys.secrets.end",
    "redeem": "balance.redeem",
    # customers, as staff serve them
    "site_organization_switch": "site.customer.suspend site.customer.resume",
    "site_organization_budget": "site.customer.budgets.set site.customer.budgets.remove",
    "site_organization_plan": "site.customer.plan",
    "site_organization_tags": "site.customer.tags",
    "site_organization_note": "site.customer.notes.add",
    "site_top_up": "site.customer.credit",
    "site_debit": "site.customer.debit",
    "site_codes": "site.codes.create",
    "site_codes_withdraw": "site.codes.withdraw",
    "ops_organization_switch": "site.customer.suspend site.customer.resume",
    "ops_organization_budget": "site.customer.budgets.set site.customer.budgets.remove",
    "ops_organization_plan": "site.customer.plan",
    "ops_organization_tags": "site.customer.tags",
    "ops_organization_note": "site.customer.notes.add",
    "ops_top_up": "site.customer.credit",
    "ops_debit": "site.customer.debit",
    "ops_codes": "site.codes.create",
    "ops_codes_withdraw": "site.codes.withdraw",
    # a site
    "site_settings": "site.change site.terms.change",
    "site_brand": "site.brand.change site.logo.set site.logo.remove",
    "site_content": "site.text.set site.change",
    "site_errors": "site.errors.change site.errors.set site.errors.reset",
    "site_announcements": "site.announcements.create site.announcements.change"
    " site.announcements.state",
    "site_models": "site.models.change",
    "site_price_list": "site.prices.change",
    "site_price_cancel": "site.prices.cancel",
    "site_prices": "site.prices.create site.prices.revert",
    "site_contract": "site.contracts.create",
    "ops_site_new": "ops.sites.create",
    "ops_site": "ops.site.change ops.site.domains ops.site.plan ops.site.switch",
    "ops_site_brand": "site.brand.change site.logo.set site.logo.remove",
    "ops_site_content": "site.text.set site.change",
    "ops_site_errors": "site.errors.change site.errors.set site.errors.reset",
    "ops_site_announcements": "site.announcements.create site.announcements.change"
    " site.announcements.state",
    "ops_site_models": "ops.site.models.change",
    "ops_announcements": "ops.announcements.create ops.announcements.change"
    " ops.announcements.state",
    # what is sold, and the deployment
    "ops_plan": "ops.plan.adjustments.create",
    "ops_adjustment_cancel": "ops.adjustments.cancel",
    "ops_upstream_new": "ops.upstreams.create",
    "ops_upstream": "ops.upstream.change",
    "ops_try": "ops.upstream.test",
    "ops_upstream_switch": "ops.upstream.switch",
    "ops_models_import": "ops.upstream.models.import",
    "ops_credential_add": "ops.upstream.credentials.create",
    "ops_credential_remove": "ops.upstream.credentials.remove",
    "ops_model_new": "ops.models.create",
    "ops_model": "ops.model.change",
    "ops_alias_add": "ops.aliases.add",
    "ops_alias_remove": "ops.aliases.remove",
    "ops_price_list": "ops.prices.change",
    "ops_price_cancel": "ops.prices.cancel",
    "ops_prices": "ops.prices.create ops.prices.revert",
    "ops_contract": "site.contracts.create",
    "ops_routing": "ops.route.change ops.routing.dry_run",
    "ops_route_new": "ops.routes.create",
    "ops_route": "ops.route.change",
    "ops_route_remove": "ops.route.remove",
    "ops_cost_cancel": "ops.costs.cancel",
    "ops_job_start": "ops.jobs.start",
    "ops_books_audit": "ops.books.audit",
    "ops_freeze_lift": "ops.freezes.lift",
    "ops_event_retry": "ops.events.retry",
    "ops_event_discard": "ops.events.discard",
}

_LOG_IN = "how a person logs in, and proves who they are: no token may stand in for that"
_TOKENS = "who makes or revokes a token has just proved who they are; one ends itself: me.token.end"
_SESSION = "of a browser's session, which a program has none of"
_SCREEN = "what a person's own screen looks like"
_LOOKS = "shows pages as a customer sees them; a program reads the customer itself"
_WIZARD = "before there is an operator nobody could hold a token; later it is the operations'"

PEOPLE_ONLY: Mapping[str, str] = {
    **dict.fromkeys(
        (
            *("account_login", "account_logout", "account_signup", "account_reauthenticate"),
            *("account_email_verification_sent", "account_confirm_email", "send_verification"),
            *("account_change_password", "account_set_password", "account_reset_password"),
            *("account_reset_password_from_key", "socialaccount_connections"),
            *("socialaccount_signup", "mfa_activate_totp", "mfa_deactivate_totp"),
            *("mfa_generate_recovery_codes", "mfa_list_webauthn", "mfa_add_webauthn"),
            *("mfa_edit_webauthn", "mfa_remove_webauthn", "mfa_authenticate"),
            *("mfa_login_webauthn", "mfa_reauthenticate", "mfa_reauthenticate_webauthn"),
        ),
        _LOG_IN,
    ),
    **dict.fromkeys(("tokens", "organization_tokens", "site_tokens", "operator_tokens"), _TOKENS),
    **dict.fromkeys(("end_session", "end_other_sessions", "switch_organization"), _SESSION),
    **dict.fromkeys(("profile", "set_theme", "set_language"), _SCREEN),
    **dict.fromkeys(("site_view_as", "ops_view_as", "end_view_as"), _LOOKS),
    **dict.fromkeys(
        (
            *("setup", "setup_site", "setup_upstream", "setup_try", "setup_model"),
            *("setup_skip", "setup_done"),
        ),
        _WIZARD,
    ),
    **dict.fromkeys(("site_setup", "ops_site_setup"), "a checklist: there is nothing to send"),
}
