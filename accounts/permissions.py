"""Role → allowed acts, as two tables: members of an organization, staff of a site."""

from enum import StrEnum

from accounts.models import Role, StaffRole


class Act(StrEnum):
    """What a member of an organization may be allowed to do."""

    SEE_USAGE = "see_usage"
    SEE_MONEY = "see_money"
    MAKE_KEYS = "make_keys"
    MANAGE_ALL_KEYS = "manage_all_keys"
    MANAGE_MONEY = "manage_money"
    MANAGE_MEMBERS = "manage_members"
    CHANGE_SETTINGS = "change_settings"
    MANAGE_TOKENS = "manage_tokens"  # the organization's own, for the management API


ALLOWED: dict[str, frozenset[Act]] = {
    Role.OWNER: frozenset(Act),
    Role.BILLING: frozenset({Act.SEE_USAGE, Act.SEE_MONEY, Act.MANAGE_MONEY}),
    Role.DEVELOPER: frozenset({Act.SEE_USAGE, Act.SEE_MONEY, Act.MAKE_KEYS}),
    Role.VIEWER: frozenset({Act.SEE_USAGE, Act.SEE_MONEY}),
}


class StaffAct(StrEnum):
    """What staff of a site may be allowed to do there."""

    SEE_SITE = "see_site"
    SERVE_CUSTOMERS = "serve_customers"  # suspend, plan, view as, announcements
    MOVE_MONEY = "move_money"  # credit, debit, redeem codes
    CHANGE_PRICES = "change_prices"
    CHANGE_SITE = "change_site"
    MANAGE_STAFF = "manage_staff"
    MANAGE_TOKENS = "manage_tokens"  # the site's own, for the management API


STAFF_ALLOWED: dict[str, frozenset[StaffAct]] = {
    StaffRole.OWNER: frozenset(StaffAct),
    StaffRole.FINANCE: frozenset({StaffAct.SEE_SITE, StaffAct.MOVE_MONEY, StaffAct.CHANGE_PRICES}),
    StaffRole.SUPPORT: frozenset({StaffAct.SEE_SITE, StaffAct.SERVE_CUSTOMERS}),
    StaffRole.VIEWER: frozenset({StaffAct.SEE_SITE}),
}


def may(role: str, act: Act) -> bool:
    """Whether a member with `role` may do `act`; an unknown role may do nothing."""
    return act in ALLOWED.get(role, frozenset())


def staff_may(role: str, act: StaffAct) -> bool:
    """Whether staff with `role` may do `act`; an unknown role may do nothing."""
    return act in STAFF_ALLOWED.get(role, frozenset())
