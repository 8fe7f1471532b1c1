"""A Call carries why Routes were passed over that would have come before the one that answered,
and nothing where the first one answered."""

import asyncio

from devstack.demo_upstream.server import Running
from relay.proxy.health import Health
from relay.proxy.passing import PASSED_MAX
from relay.proxy.types import Call, LeftOut, Passed
from tests.relay.proxy.fakes import MODEL, House, house, offer, route

NOWHERE = "http://127.0.0.1:1/v1"


def last(made: House) -> Call:
    return made.gate.admitted[-1]


def resting(health: Health, upstream_id: str) -> None:
    breaker = health._upstream(upstream_id)
    breaker.pause("status_503", asyncio.get_running_loop().time(), 60.0)


async def test_a_call_whose_first_route_answers_carries_nothing(pair: House) -> None:
    assert (await pair.answer()).status == 200
    assert last(pair).passed == ()


async def test_an_upstream_that_rests_is_told_and_one_behind_the_answer_is_not(
    pair: House, two: Running
) -> None:
    routes = [*pair.routes.offers[MODEL].routes, route(NOWHERE, "third", priority=2)]
    pair.routes.offers = {MODEL: offer(*routes)}
    for upstream_id in ("one", "third"):
        resting(pair.opener.health, upstream_id)
    assert (await pair.answer()).status == 200
    assert pair.end.upstream_id == "two"
    assert last(pair).passed == (Passed("one", "upstream_rests"),)


async def test_with_nobody_left_every_route_has_its_reason(relay: House) -> None:
    off = (LeftOut("spare", 9, "upstream_paused"),)
    routes = relay.routes.offers[MODEL].routes
    relay.routes.offers = {MODEL: offer(*routes, left_out=off)}
    resting(relay.opener.health, routes[0].upstream_id)
    assert (await relay.answer()).status == 503
    assert last(relay).attempts == []
    assert last(relay).passed == (
        Passed(routes[0].upstream_id, "upstream_rests"),
        Passed("spare", "upstream_paused"),
    )


async def test_of_what_is_switched_off_only_what_came_before_is_told(one: Running) -> None:
    off = (LeftOut("before", 0, "route_off"), LeftOut("behind", 2, "route_off"))
    async with house(route(one.base_url, "one", priority=1)) as made:
        made.routes.offers = {MODEL: offer(*made.routes.offers[MODEL].routes, left_out=off)}
        await made.answer()
        assert last(made).passed == (Passed("before", "route_off"),)


async def test_a_full_upstream_and_one_that_is_not_wanted(one: Running, two: Running) -> None:
    full = route(one.base_url, "full", concurrency_max=1)
    unwanted = route(one.base_url, "unwanted", provider="other", priority=1)
    routes = [full, unwanted, route(two.base_url, "two", priority=2)]
    async with house(*routes) as made:
        made.opener.health.begin(full, asyncio.get_running_loop().time())
        await made.answer(provider={"order": ["demo"], "allow_fallbacks": False})
        assert made.end.upstream_id == "two"
        assert set(last(made).passed) == {Passed("full", "full"), Passed("unwanted", "not_wanted")}


async def test_what_is_told_is_bounded_and_the_health_comes_first(relay: House) -> None:
    routes = relay.routes.offers[MODEL].routes
    off = tuple(LeftOut(f"off-{number}", 0, "route_off") for number in range(20))
    relay.routes.offers = {MODEL: offer(*routes, left_out=off)}
    resting(relay.opener.health, routes[0].upstream_id)
    await relay.answer()
    assert len(last(relay).passed) == PASSED_MAX
    assert last(relay).passed[0].reason == "upstream_rests"
