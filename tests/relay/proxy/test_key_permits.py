"""A key that may be used only for some endpoints or from some addresses is refused everywhere else,
through every path and every form in which a key can be given; before anything is read or held."""

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

import pytest

from accounts.models import EndpointFamily
from relay.proxy.endpoints import table
from relay.proxy.families import FAMILIES, FAMILY_OF
from relay.proxy.permits import is_within
from relay.proxy.types import Caller
from tests.relay.proxy.fakes import SECRET, Exchange, House, caller

# Endpoints that only read: every key may ask them.
READING = frozenset({"models", "key", "auth/key", "credits", "generation"})
READING |= {"dashboard/billing/subscription", "dashboard/billing/usage"}
PATHS = [(method, path, endpoint.name) for method, path, endpoint in table.paths().all()]
HERE, ELSEWHERE = "203.0.113.7", "203.0.114.7"
FORMS: Mapping[str, Mapping[str, str]] = {
    "bearer": {"authorization": f"Bearer {SECRET}"},
    "bearer in small letters": {"authorization": f"bearer {SECRET}"},
    "x-api-key": {"x-api-key": SECRET},
    "api-key": {"api-key": SECRET},
    "x-goog-api-key": {"x-goog-api-key": SECRET},
    "query": {},
}


def ask(
    relay: House,
    method: str,
    path: str,
    *,
    form: str = "bearer",
    ip: str = HERE,
    host: str = "acme.localhost",
) -> Exchange:
    """A request to a path of the table, without a body that anybody would take."""
    concrete = path.replace("{model+}", "small").replace("{id}", "obj_1")
    headers = {"authorization": "", "host": host} | dict(FORMS[form])
    exchange = relay.request(method=method, path=concrete, headers=headers)
    exchange.connect_from(ip)
    if form == "query":
        exchange.ask(b"key=" + SECRET.encode())
    return exchange.begin()


def limited(relay: House, **changes: Any) -> Caller:
    made = caller(**changes)
    relay.keys.callers[SECRET] = made
    return made


def test_the_families_are_those_that_a_key_can_be_limited_to() -> None:
    assert set(FAMILIES) == set(EndpointFamily.values)


def test_every_endpoint_is_of_a_family_or_only_reads() -> None:
    names = {name for _, _, name in PATHS} | {"realtime"}
    assert names == set(FAMILY_OF) | READING


@pytest.mark.parametrize("form", FORMS)
async def test_another_family_is_refused_on_every_path_in_every_form(
    relay: House, form: str
) -> None:
    for method, path, name in PATHS:
        family = FAMILY_OF.get(name)
        limited(relay, endpoints=frozenset(set(FAMILIES) - {family}))
        answer = await ask(relay, method, path, form=form).finish()
        is_refused = answer.status == 403 and b"endpoint" in answer.body
        assert is_refused == (family is not None), path
    assert not relay.gate.admitted


@pytest.mark.parametrize("form", FORMS)
async def test_an_address_outside_is_refused_on_every_path_in_every_form(
    relay: House, form: str
) -> None:
    limited(relay, networks=(ip_network("203.0.113.0/24"), ip_network("2001:db8::/32")))
    for method, path, _ in PATHS:
        answer = await ask(relay, method, path, form=form, ip=ELSEWHERE).finish()
        assert (answer.status, ELSEWHERE.encode() in answer.body) == (403, True), path
    inside = await ask(relay, "GET", "/v1/models", form=form).finish()
    assert inside.status == 200
    assert not relay.gate.admitted


@pytest.mark.parametrize("form", FORMS)
async def test_a_key_of_another_site_is_nobodys_in_every_form(relay: House, form: str) -> None:
    limited(relay, site_id="globex")
    for method, path, _ in PATHS:
        answer = await ask(relay, method, path, form=form).finish()
        assert answer.status == 401, path


async def test_the_refusal_names_its_rule_and_is_counted(relay: House) -> None:
    limited(relay, networks=(ip_network("10.0.0.0/8"),))
    answer = await ask(relay, "POST", "/v1/chat/completions").finish()
    assert answer.error()["code"] == "ip_not_allowed"
    limited(relay, endpoints=frozenset({"images"}))
    answer = await ask(relay, "POST", "/v1/chat/completions").finish()
    assert answer.error()["code"] == "endpoint_not_allowed"
    rules = [refusal["rule"] for refusal in relay.sink.refusals]
    assert rules == ["networks of the key", "endpoints of the key"]


async def test_where_nobody_knows_the_address_a_limited_key_is_refused(relay: House) -> None:
    limited(relay, networks=(ip_network("0.0.0.0/0"), ip_network("::/0")))
    answer = await relay.request(path="/v1/models", method="GET").begin().finish()
    assert answer.status == 403


@pytest.mark.parametrize(
    ("ip", "network", "is_in"),
    [
        ("203.0.113.7", "203.0.113.0/24", True),
        ("203.0.113.7", "203.0.113.7/32", True),
        ("203.0.113.8", "203.0.113.7/32", False),
        ("::ffff:203.0.113.7", "203.0.113.0/24", True),  # as a socket of both families tells it
        ("::ffff:203.0.114.7", "203.0.113.0/24", False),
        ("203.0.113.7", "::ffff:0:0/96", False),
        ("2001:db8::1", "2001:db8::/32", True),
        ("2001:db9::1", "2001:db8::/32", False),
        ("fe80::1%eth0", "fe80::/10", True),
        ("2001:db8::1", "0.0.0.0/0", False),
        ("", "0.0.0.0/0", False),
        ("nonsense", "0.0.0.0/0", False),
    ],
)
def test_an_address_is_in_its_network(ip: str, network: str, is_in: bool) -> None:
    assert is_within(ip, [ip_network(network)]) is is_in
