"""Several credentials of one Upstream: whose turn it is, and which rest."""

from dataclasses import replace

import pytest

from devstack.demo_upstream.server import Running
from relay.proxy import routing
from relay.proxy.failures import Blame, Failed
from relay.proxy.health import LIMITED_S, Health
from relay.proxy.types import Route
from relay.proxy.wire import Kind, Quirks, wire
from tests.relay.proxy.fakes import house, route

URL = "http://127.0.0.1:1/v1"


def with_credentials(bare: Route, *secrets: str, **changes: object) -> Route:
    """The Route with credentials `c0`, `c1`, …"""
    bare = replace(bare, **changes)  # type: ignore[arg-type]
    wires = [wire(Kind.OPENAI, secret.encode(), Quirks()) for secret in secrets]
    return routing.with_credentials(bare, [(f"c{at}", each) for at, each in enumerate(wires)])


def refused(status: int, **given: float) -> Failed:
    return Failed(f"status_{status}", status=status, blame=Blame.CREDENTIAL, **given)  # type: ignore[arg-type]


def chosen(health: Health, of: Route, now: float = 0.0) -> str:
    found = health.choose(of, now)
    return found.credential_id if found is not None else "none"


def test_they_take_turns() -> None:
    health, both = Health(), with_credentials(route(URL, "one"), "a", "b")
    assert [chosen(health, both) for _ in range(4)] == ["c0", "c1", "c0", "c1"]


@pytest.mark.parametrize(
    ("status", "rests_s"), [(401, 5.0), (402, 5.0), (403, 5.0), (429, LIMITED_S)]
)
def test_one_that_is_refused_or_limited_rests_while_the_others_go_on(
    status: int, rests_s: float
) -> None:
    health, both = Health(), with_credentials(route(URL, "one"), "a", "b")
    health.failed(health.begin(both.keyed[0], 0.0), refused(status), 0.0)
    assert [chosen(health, both, rests_s - 0.1) for _ in range(3)] == ["c1"] * 3
    assert "c0" in [chosen(health, both, rests_s) for _ in range(2)]


def test_a_lone_one_is_not_left_alone_for_one_refusal() -> None:
    health, lone = Health(), route(URL, "one")
    for _ in range(3):
        health.failed(health.begin(lone, 0.0), refused(401), 0.0)
    assert health.choose(lone, 0.0) is lone


def test_with_all_at_rest_the_wait_is_for_the_first() -> None:
    health, both = Health(), with_credentials(route(URL, "one"), "a", "b")
    for each, wait_s in zip(both.keyed, (9.0, 4.0), strict=True):
        health.failed(health.begin(each, 0.0), refused(429, retry_after_s=wait_s), 0.0)
    assert chosen(health, both, 1.0) == "none"
    assert health.wait_s([both], 1.0) == 3


def test_a_credential_that_left_the_catalog_is_forgotten() -> None:
    health, both = Health(), with_credentials(route(URL, "one"), "a", "b")
    health.failed(health.begin(both.keyed[0], 0.0), refused(401), 0.0)
    assert list(health.seen(0.0)) == [("one", "c0")]
    health.keep([route(URL, "two")])
    assert health.seen(0.0) == {}


async def test_a_refused_credential_is_followed_by_the_next_in_the_same_call(one: Running) -> None:
    both = with_credentials(route(one.base_url, "one"), "sk-wrong", "sk-upstream")
    async with house(both) as made:
        for _ in range(4):
            assert (await made.answer()).status == 200
        codes = [[each[2] for each in ended.attempts] for ended in made.gate.ended]
        assert codes == [["status_401", ""], [""], [""], [""]]


async def test_beyond_the_cap_the_next_route_is_tried_and_then_none(
    one: Running, two: Running
) -> None:
    first = route(one.base_url, "one", concurrency_max=1)
    second = route(two.base_url, "two", concurrency_max=1, priority=1)
    async with house(first, second) as made:
        open_one = made.chat("[[demo:pace=50 tokens=100]]", stream=True)
        await open_one.until_body(b"data")
        open_two = made.chat("[[demo:pace=50 tokens=100]]", stream=True)
        await open_two.until_body(b"data")
        refused_call = await made.answer()
        assert (refused_call.status, refused_call.headers["retry-after"]) == (503, "1")
        open_one.leave()
        await open_one.finish()
        assert (await made.answer()).status == 200
        open_two.leave()
        await open_two.finish()
        ended = {call.upstream_id for call in made.gate.ended}
        assert ended == {"one", "two", ""}
        assert made.opener.health.busy() == {}


async def test_a_cap_is_shared_by_the_relays(one: Running) -> None:
    capped = route(one.base_url, "one", concurrency_max=4)
    health = Health(share=2)
    turns = [health.begin(capped, 0.0), health.begin(capped, 0.0)]
    assert health.choose(capped, 0.0) is None
    health.over(turns[0])
    health.over(turns[0])
    assert health.choose(capped, 0.0) is capped
