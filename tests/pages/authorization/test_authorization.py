"""Every address of the URL configuration, asked for by everybody: nobody gets what is not theirs.

An address without a line in `rules.py` fails, and so does a line without an address.
"""

from collections.abc import Mapping
from itertools import product

import pytest
from django.http import HttpResponseBase
from django.urls import reverse

from accounts.models import Organization, Role
from accounts.permissions import Act, StaffAct, may, staff_may
from tests.pages.authorization.addresses import OPERATIONS, PARTS, PATTERNS, names_in
from tests.pages.authorization.asking import AddressOf, ask
from tests.pages.authorization.rules import RULES, Rule, Whose, is_operators, rule_of

OPEN, LOG_IN, FORBIDDEN, HIDDEN, NO_ORGANIZATION = "open", "log in", "403", "404", "make your own"
METHODS = ("get", "post")
NO_SUCH_METHOD = 405


def expected(rule: Rule, actor: str, method: str) -> str:
    """What an actor of `people.everybody` meets."""
    if actor == "visitor":
        return OPEN if rule.whose in (Whose.EVERYONE, Whose.VISITOR) else LOG_IN
    if rule.whose in (Whose.EVERYONE, Whose.VISITOR, Whose.USER):
        return OPEN
    where, _, role = actor.rpartition(" ")
    if rule.whose is Whose.OPERATOR:
        return OPEN if actor == "operator" else HIDDEN
    act = rule.act_for(method)
    if rule.whose is Whose.STAFF:
        if actor != "operator" and where != "site":
            return HIDDEN
        assert isinstance(act, StaffAct)
        return OPEN if actor == "operator" or staff_may(role, act) else FORBIDDEN
    if where not in ("acme", "globex"):
        return NO_ORGANIZATION
    assert isinstance(act, Act)
    if not may(role, act):
        return FORBIDDEN
    is_others = where == "globex" and rule.owned
    return HIDDEN if is_others or rule.finds_only_own(role) else OPEN


def met(response: HttpResponseBase) -> str:
    """The same words for an answer; a method that the page does not know is as good as closed."""
    target = response.headers.get("Location", "")
    if response.status_code == 302 and target.startswith(reverse("account_login") + "?next="):
        return LOG_IN
    if response.status_code == 302 and target == reverse("new_organization"):
        return NO_ORGANIZATION
    return {403: FORBIDDEN, 404: HIDDEN}.get(response.status_code, OPEN)


@pytest.mark.parametrize("part", range(PARTS))
def test_everybody_meets_what_the_rules_say(
    address_of: AddressOf, sessions: Mapping[str, str], part: int
) -> None:
    wrong = {}
    for name, pattern in list(PATTERNS.items())[part::PARTS]:
        address, rule = address_of(pattern), rule_of(name)
        # Who may ask how is decided before who may ask at all.
        methods = [m for m in METHODS if ask("", m, address).status_code != NO_SUCH_METHOD]
        assert methods, name
        for method, actor in product(methods, sessions):
            found = met(ask(sessions[actor], method, address))
            wanted = expected(rule, actor, method)
            if found != wanted and not _is_absent(rule, found):
                wrong[name, method, actor] = f"{found}, not {wanted}"
    assert wrong == {}


def _is_absent(rule: Rule, found: str) -> bool:
    """Whether it is kept from nobody, but does not exist."""
    return found == HIDDEN and rule.whose in (Whose.EVERYONE, Whose.USER)


def test_a_sites_staff_find_nothing_of_another_sites_customers(
    address_of: AddressOf, sessions: Mapping[str, str], abroad: Organization
) -> None:
    of_customers = [
        pattern
        for name, pattern in PATTERNS.items()
        if rule_of(name).whose is Whose.STAFF and "organization_id" in names_in(pattern)
    ]
    of_customers += [
        pattern
        for operation_id, (_, pattern) in OPERATIONS.items()
        if operation_id.startswith("site.") and "organization_id" in names_in(pattern)
    ]
    assert of_customers
    for pattern in of_customers:
        address = address_of(pattern, organization_id=abroad.pk)
        for method in METHODS:
            status = ask(sessions["site owner"], method, address, {}).status_code
            assert status in (404, 405, 400), (method, address)


def test_every_address_has_a_rule_and_every_rule_an_address() -> None:
    ruled = {name for name in PATTERNS if name in RULES or is_operators(name)}
    assert (set(PATTERNS) - ruled, set(RULES) - set(PATTERNS)) == (set(), set())


def test_a_role_that_may_everything_is_the_owners_alone() -> None:
    everything: Mapping[str, bool] = {
        role: all(may(role, act) for act in Act) for role in Role.values
    }
    assert everything == {role: role == Role.OWNER for role in Role.values}
