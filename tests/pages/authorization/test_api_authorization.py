"""Every operation of the management API, asked for by everybody with a session.

What a token may do less than its maker is in `tests/api`.
"""

from collections.abc import Mapping

import pytest

from accounts.permissions import Act, StaffAct, may, staff_may
from tests.pages.authorization.addresses import NAMELESS, OPERATIONS, PARTS
from tests.pages.authorization.asking import AddressOf, ask
from tests.pages.authorization.rules import OPERATIONS as RULED
from tests.pages.authorization.rules import Rule, Whose, rule_of_operation

# Where the body is looked at before the object is looked up.
BODIES = {"keys.rotate": {"overlap_hours": 0}, "keys.revoke": {"reason": "lost"}}
OPEN, UNKNOWN, FORBIDDEN, HIDDEN = "open", "401", "403", "404"


def expected(rule: Rule, actor: str) -> str:
    """What an actor of `people.everybody` is answered."""
    if actor == "visitor":
        return UNKNOWN
    if rule.whose is Whose.USER or (actor == "operator" and rule.whose is not Whose.MEMBER):
        return OPEN
    where, _, role = actor.rpartition(" ")
    if rule.whose is Whose.STAFF and where == "site":
        assert isinstance(rule.act, StaffAct)
        return OPEN if staff_may(role, rule.act) else FORBIDDEN
    if rule.whose is Whose.MEMBER and where == "acme":
        assert isinstance(rule.act, Act)
        if rule.finds_only_own(role):
            return HIDDEN
        return OPEN if may(role, rule.act) else FORBIDDEN
    return HIDDEN


@pytest.mark.parametrize("part", range(PARTS))
def test_everybody_is_answered_what_the_rules_say(
    address_of: AddressOf, sessions: Mapping[str, str], part: int
) -> None:
    wrong: dict[str, dict[str, str]] = {}
    for operation_id, (method, pattern) in list(OPERATIONS.items())[part::PARTS]:
        address, rule = address_of(pattern), rule_of_operation(operation_id)
        for actor, session in sessions.items():
            status = str(ask(session, method, address, BODIES.get(operation_id)).status_code)
            found = status if status in (UNKNOWN, FORBIDDEN, HIDDEN) else OPEN
            if found != (wanted := expected(rule, actor)):
                wrong.setdefault(operation_id, {})[actor] = f"{found}, not {wanted}"
    assert wrong == {}


def test_every_operation_has_a_rule_and_every_rule_an_operation() -> None:
    ruled = {each for each in OPERATIONS if each.startswith("ops.") or each in RULED}
    assert (set(OPERATIONS) - ruled, set(RULED) - set(OPERATIONS)) == (set(), set())


def test_an_address_without_a_name_is_the_apis() -> None:
    patterns = [pattern for _, pattern in OPERATIONS.values()]
    others = [each for each in NAMELESS if each not in patterns]
    assert [each.callback.__name__ for each in others] == ["unknown_path"]
