"""Role → allowed acts, as one table."""

from enum import StrEnum

from accounts.models import Role


class Act(StrEnum):
    """What a member of an organization may be allowed to do."""

    SEE_USAGE = "see_usage"
    SEE_MONEY = "see_money"
    MAKE_KEYS = "make_keys"
    MANAGE_ALL_KEYS = "manage_all_keys"
    CHANGE_SETTINGS = "change_settings"


ALLOWED: dict[str, frozenset[Act]] = {
    Role.OWNER: frozenset(Act),
    Role.BILLING: frozenset({Act.SEE_USAGE, Act.SEE_MONEY}),
    Role.DEVELOPER: frozenset({Act.SEE_USAGE, Act.SEE_MONEY, Act.MAKE_KEYS}),
    Role.VIEWER: frozenset({Act.SEE_USAGE, Act.SEE_MONEY}),
}


def may(role: str, act: Act) -> bool:
    """Whether a member with `role` may do `act`; an unknown role may do nothing."""
    return act in ALLOWED.get(role, frozenset())
