"""Who may open which page, and who may do what by the management API: one line for every name in
the URL configuration and for every operation.

Written by hand, on purpose: what the decorators of `accounts.web.access` do is what is tested.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from accounts.permissions import Act, StaffAct, may


class Whose(Enum):
    """Whose page it is."""

    EVERYONE = auto()  # visitors too
    VISITOR = auto()  # who is logged in already is led on
    USER = auto()  # whoever is logged in
    MEMBER = auto()  # of an organization of this site
    STAFF = auto()  # of this site; operators own every site
    OPERATOR = auto()


@dataclass(frozen=True, slots=True)
class Rule:
    """`act` is what the role must allow, `post_act` where sending takes more than reading.

    `owned` says that the address names an object of one organization (or site), `makers` that
    a role which makes keys, but does not manage all, finds only its own.
    """

    whose: Whose
    act: Act | StaffAct | None = None
    post_act: Act | StaffAct | None = None
    owned: bool = False
    makers: bool = False

    def finds_only_own(self, role: str) -> bool:
        """Whether the object, which somebody else made, is hidden from a colleague's role."""
        return self.makers and may(role, Act.MAKE_KEYS) and not may(role, Act.MANAGE_ALL_KEYS)

    def act_for(self, method: str) -> Act | StaffAct | None:
        return self.post_act if method == "post" and self.post_act else self.act


EVERYONE, VISITOR, USER = Rule(Whose.EVERYONE), Rule(Whose.VISITOR), Rule(Whose.USER)
OPERATOR = Rule(Whose.OPERATOR)


def member(act: Act, post_act: Act | None = None) -> Rule:
    return Rule(Whose.MEMBER, act, post_act)


def owned(act: Act, post_act: Act | None = None) -> Rule:
    return Rule(Whose.MEMBER, act, post_act, owned=True)


def of_makers(act: Act) -> Rule:
    return Rule(Whose.MEMBER, act, owned=True, makers=True)


def staff(act: StaffAct, post_act: StaffAct | None = None) -> Rule:
    return Rule(Whose.STAFF, act, post_act)


SEE = Act.SEE_USAGE

RULES: Mapping[str, Rule] = {
    # allauth's
    "account_login": VISITOR,
    "account_logout": EVERYONE,
    "account_inactive": EVERYONE,
    "account_signup": VISITOR,
    "account_reauthenticate": USER,
    "account_email_verification_sent": EVERYONE,
    "account_change_password": USER,
    "account_set_password": USER,
    "account_reset_password": EVERYONE,
    "account_confirm_email": EVERYONE,
    "account_reset_password_from_key_done": EVERYONE,
    "account_reset_password_from_key": EVERYONE,
    "account_reset_password_done": EVERYONE,
    "mfa_authenticate": VISITOR,
    "mfa_list_webauthn": EVERYONE,  # leads to mfa_index
    "mfa_login_webauthn": VISITOR,
    "mfa_reauthenticate": USER,
    "mfa_reauthenticate_webauthn": USER,
    "socialaccount_connections": USER,
    "socialaccount_login_cancelled": EVERYONE,
    "socialaccount_login_error": EVERYONE,
    "socialaccount_signup": VISITOR,
    # public
    "landing": EVERYONE,
    "public_models": EVERYONE,
    "status": EVERYONE,
    "legal": EVERYONE,
    "brand_style": EVERYONE,
    "brand_image": EVERYONE,
    "set_theme": EVERYONE,
    "set_language": EVERYONE,
    "invitation": EVERYONE,
    "api_schema": EVERYONE,
    "api_docs": EVERYONE,
    # the wizard of a new deployment: once it has operators, nobody finds it
    "setup": EVERYONE,
    "setup_site": EVERYONE,
    "setup_upstream": EVERYONE,
    "setup_try": EVERYONE,
    "setup_model": EVERYONE,
    "setup_skip": EVERYONE,
    "setup_done": EVERYONE,
    # people
    "tokens": USER,
    "organization_tokens": member(Act.MANAGE_TOKENS),
    "profile": USER,
    "send_verification": USER,
    "mfa_index": USER,
    "end_session": USER,
    "end_other_sessions": USER,
    "mfa_activate_totp": USER,
    "mfa_deactivate_totp": USER,
    "mfa_view_recovery_codes": USER,
    "mfa_generate_recovery_codes": USER,
    "mfa_add_webauthn": USER,
    "mfa_edit_webauthn": USER,
    "mfa_remove_webauthn": USER,
    "new_organization": USER,
    "switch_organization": USER,
    "end_view_as": USER,
    "settings": member(SEE),  # a profile is everybody's own; the organization's part is not
    "team": member(SEE, Act.MANAGE_MEMBERS),
    "team_resend": owned(Act.MANAGE_MEMBERS),
    "team_withdraw": owned(Act.MANAGE_MEMBERS),
    "team_role": owned(Act.MANAGE_MEMBERS),
    "team_remove": owned(Act.MANAGE_MEMBERS),
    "team_leave": member(SEE),
    "team_transfer": member(Act.MANAGE_MEMBERS),
    "audit_log": member(Act.MANAGE_MEMBERS),
    # a customer's dashboard
    "overview": member(SEE),
    "keys": member(SEE),
    "create_key": member(Act.MAKE_KEYS),
    "change_keys": member(Act.MAKE_KEYS),
    "key": of_makers(SEE),
    "edit_key": of_makers(Act.MAKE_KEYS),
    "rotate_key": of_makers(Act.MAKE_KEYS),
    "end_old_secret": of_makers(Act.MAKE_KEYS),
    "revoke_key": of_makers(Act.MAKE_KEYS),
    "switch_key": of_makers(Act.MAKE_KEYS),
    "usage": member(SEE),
    "requests": member(SEE),
    "request": owned(SEE),
    "balance": member(Act.SEE_MONEY),
    "statement_csv": member(Act.SEE_MONEY),
    "redeem": member(Act.MANAGE_MONEY),
    # a site's staff
    "site_overview": staff(StaffAct.SEE_SITE),
    "site_setup": staff(StaffAct.SEE_SITE),
    "site_settings": staff(StaffAct.CHANGE_SITE),
    "site_models": staff(StaffAct.CHANGE_PRICES),
    "site_brand": staff(StaffAct.CHANGE_SITE),
    "site_content": staff(StaffAct.CHANGE_SITE),
    "site_errors": staff(StaffAct.CHANGE_SITE),
    "site_announcements": staff(StaffAct.SERVE_CUSTOMERS),
    "site_price_list": staff(StaffAct.SEE_SITE, StaffAct.CHANGE_PRICES),
    "site_prices": staff(StaffAct.SEE_SITE, StaffAct.CHANGE_PRICES),
    "site_contract": staff(StaffAct.SEE_SITE, StaffAct.CHANGE_PRICES),
    "site_price_cancel": staff(StaffAct.CHANGE_PRICES),
    "site_audit": staff(StaffAct.SEE_SITE),
    "site_audit_csv": staff(StaffAct.SEE_SITE),
    "site_organizations": staff(StaffAct.SEE_SITE),
    "site_organization": staff(StaffAct.SEE_SITE),
    "site_organization_switch": staff(StaffAct.SERVE_CUSTOMERS),
    "site_organization_budget": staff(StaffAct.SERVE_CUSTOMERS),
    "site_organization_plan": staff(StaffAct.SERVE_CUSTOMERS),
    "site_organization_tags": staff(StaffAct.SERVE_CUSTOMERS),
    "site_organization_note": staff(StaffAct.SERVE_CUSTOMERS),
    "site_organization_statement": staff(StaffAct.SEE_SITE),
    "site_money": staff(StaffAct.SEE_SITE),
    "site_ledger_csv": staff(StaffAct.SEE_SITE),
    "site_view_as": staff(StaffAct.SERVE_CUSTOMERS),
    "site_top_up": staff(StaffAct.MOVE_MONEY),
    "site_debit": staff(StaffAct.MOVE_MONEY),
    "site_codes": staff(StaffAct.MOVE_MONEY),
    "site_codes_withdraw": staff(StaffAct.MOVE_MONEY),
    "site_requests": staff(StaffAct.SEE_SITE),
    "site_request": staff(StaffAct.SEE_SITE),
    "site_tokens": staff(StaffAct.MANAGE_TOKENS),
    "site_staff": staff(StaffAct.MANAGE_STAFF),
    "site_staff_role": staff(StaffAct.MANAGE_STAFF),
    "site_staff_remove": staff(StaffAct.MANAGE_STAFF),
}
OPERATORS_PREFIXES = ("ops_", "operator", "gallery")


def is_operators(name: str) -> bool:
    """Operators' pages say so in their names."""
    return name.startswith(OPERATORS_PREFIXES)


def rule_of(name: str) -> Rule:
    """Raises KeyError for a page that has no line."""
    return OPERATOR if is_operators(name) else RULES[name]


_SITE, _SERVE, _PRICES = StaffAct.SEE_SITE, StaffAct.SERVE_CUSTOMERS, StaffAct.CHANGE_PRICES

# By the operation's id; those of operators say so in it.
OPERATIONS: Mapping[str, Rule] = {
    "me.read": USER,
    "me.token.end": USER,
    "organization.create": USER,
    "invitations.accept": USER,
    "organization.read": owned(SEE),
    "organization.change": owned(Act.CHANGE_SETTINGS),
    "members.list": owned(SEE),
    "members.change": owned(Act.MANAGE_MEMBERS),
    "members.remove": owned(Act.MANAGE_MEMBERS),
    "members.leave": owned(SEE),
    "organization.transfer": owned(Act.MANAGE_MEMBERS),
    "invitations.list": owned(Act.MANAGE_MEMBERS),
    "invitations.create": owned(Act.MANAGE_MEMBERS),
    "invitations.withdraw": owned(Act.MANAGE_MEMBERS),
    "invitations.resend": owned(Act.MANAGE_MEMBERS),
    "audit.list": owned(Act.MANAGE_MEMBERS),
    "keys.list": owned(SEE),
    "keys.create": owned(Act.MAKE_KEYS),
    "keys.read": of_makers(SEE),
    "keys.change": of_makers(Act.MAKE_KEYS),
    "keys.rotate": of_makers(Act.MAKE_KEYS),
    "keys.revoke": of_makers(Act.MAKE_KEYS),
    "keys.secrets": of_makers(SEE),
    "keys.secrets.end": of_makers(Act.MAKE_KEYS),
    "balance.redeem": owned(Act.MANAGE_MONEY),
    "statement.month": owned(Act.SEE_MONEY),
    "balance.read": owned(Act.SEE_MONEY),
    "statement.list": owned(Act.SEE_MONEY),
    "budgets.list": owned(Act.SEE_MONEY),
    "usage.read": owned(SEE),
    "requests.list": owned(SEE),
    "requests.read": owned(SEE),
    "limits.read": owned(SEE),
    "site.read": staff(_SITE),
    "site.change": staff(StaffAct.CHANGE_SITE),
    "site.brand": staff(_SITE),
    "site.brand.change": staff(StaffAct.CHANGE_SITE),
    "site.logo.set": staff(StaffAct.CHANGE_SITE),
    "site.logo.remove": staff(StaffAct.CHANGE_SITE),
    "site.texts": staff(_SITE),
    "site.text.set": staff(StaffAct.CHANGE_SITE),
    "site.staff": staff(StaffAct.MANAGE_STAFF),
    "site.staff.add": staff(StaffAct.MANAGE_STAFF),
    "site.staff.change": staff(StaffAct.MANAGE_STAFF),
    "site.staff.remove": staff(StaffAct.MANAGE_STAFF),
    "site.announcements.change": staff(_SERVE),
    "site.announcements": staff(_SITE),
    "site.announcements.create": staff(_SERVE),
    "site.announcements.state": staff(_SERVE),
    "site.audit": staff(StaffAct.MANAGE_STAFF),
    "site.customers": staff(_SITE),
    "site.customer": staff(_SITE),
    "site.customer.statement": staff(_SITE),
    "site.customer.credit": staff(StaffAct.MOVE_MONEY),
    "site.customer.debit": staff(StaffAct.MOVE_MONEY),
    "site.customer.suspend": staff(_SERVE),
    "site.customer.resume": staff(_SERVE),
    "site.customer.plan": staff(_SERVE),
    "site.customer.statement.month": staff(_SITE),
    "site.customer.dispute": staff(StaffAct.MOVE_MONEY),
    "site.customer.dispute.won": staff(StaffAct.MOVE_MONEY),
    "site.customer.budgets": staff(_SITE),
    "site.customer.budgets.set": staff(_SERVE),
    "site.customer.budgets.remove": staff(_SERVE),
    "site.customer.tags": staff(_SERVE),
    "site.customer.notes": staff(_SITE),
    "site.customer.notes.add": staff(_SERVE),
    "site.money": staff(_SITE),
    "site.ledger": staff(_SITE),
    "site.codes": staff(StaffAct.MOVE_MONEY),
    "site.codes.create": staff(StaffAct.MOVE_MONEY),
    "site.codes.withdraw": staff(StaffAct.MOVE_MONEY),
    "site.terms": staff(_SITE),
    "site.terms.change": staff(StaffAct.CHANGE_SITE),
    "site.errors": staff(_SITE),
    "site.errors.change": staff(StaffAct.CHANGE_SITE),
    "site.errors.set": staff(StaffAct.CHANGE_SITE),
    "site.errors.reset": staff(StaffAct.CHANGE_SITE),
    "site.contracts": staff(_SITE),
    "site.contracts.create": staff(_PRICES),
    "site.requests": staff(_SITE),
    "site.request": staff(_SITE),
    "site.prices": staff(_SITE),
    "site.prices.create": staff(_PRICES),
    "site.prices.change": staff(_PRICES),
    "site.models": staff(_SITE),
    "site.models.change": staff(_PRICES),
    "site.range": staff(_PRICES),
    "site.prices.cancel": staff(_PRICES),
    "site.prices.revert": staff(_PRICES),
}


def rule_of_operation(operation_id: str) -> Rule:
    """Raises KeyError for one that has no line."""
    return OPERATOR if operation_id.startswith("ops.") else OPERATIONS[operation_id]
