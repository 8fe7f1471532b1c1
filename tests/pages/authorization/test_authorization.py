"""Every address of the URL configuration, asked for by everybody: nobody gets what is not theirs.

An address without a line in `rules.py` fails, and so does a line without an address.
"""

from collections.abc import Mapping

import pytest
from django.http import HttpResponseBase
from django.urls import reverse

from accounts.models import Organization, Role
from accounts.permissions import Act, StaffAct, may, staff_may
from tests.pages.authorization.addresses import PATTERNS
from tests.pages.authorization.asking import AddressOf, ask
from tests.pages.authorization.people import everybody
from tests.pages.authorization.rules import RULES, Rule, Whose, is_operators, rule_of

OPEN, LOG_IN, FORBIDDEN, HIDDEN, NO_ORGANIZATION = "open", "log in", "403", "404", "make your own"
METHODS = ("get", "post")


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


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_everybody_meets_what_the_rules_say(
    name: str,
    address_of: AddressOf,
    acme: Organization,
    globex: Organization,
    abroad: Organization,
) -> None:
    rule, address = rule_of(name), address_of(PATTERNS[name])
    found: dict[tuple[str, str], str] = {}
    wanted: dict[tuple[str, str], str] = {}
    for actor, enter in everybody(acme, globex, abroad).items():
        client = enter()
        for method in METHODS:
            response = ask(client, method, address)
            if response.status_code != 405:
                found[actor, method] = met(response)
                wanted[actor, method] = expected(rule, actor, method)
    if rule.whose in (Whose.EVERYONE, Whose.USER):  # kept from nobody, but it may not exist
        found = {each: OPEN if word == HIDDEN else word for each, word in found.items()}
    assert found == wanted
    assert found, "no method is answered"


def test_every_address_has_a_rule_and_every_rule_an_address() -> None:
    ruled = {name for name in PATTERNS if name in RULES or is_operators(name)}
    assert (set(PATTERNS) - ruled, set(RULES) - set(PATTERNS)) == (set(), set())


def test_a_role_that_may_everything_is_the_owners_alone() -> None:
    everything: Mapping[str, bool] = {
        role: all(may(role, act) for act in Act) for role in Role.values
    }
    assert everything == {role: role == Role.OWNER for role in Role.values}
