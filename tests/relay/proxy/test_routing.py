"""The order in which Routes are tried, and when an Upstream is left alone."""

from collections import Counter
from random import Random

import pytest

from relay.proxy.routing import COOLDOWN_S_MAX, Cooldowns, ordered
from relay.proxy.types import Route
from tests.relay.proxy.fakes import route

URL = "http://127.0.0.1:1/v1"


def ids(routes: list[Route], draw: float = 0.0) -> list[str]:
    return [each.upstream_id for each in ordered(routes, lambda: draw)]


def test_a_lower_priority_number_is_tried_first_and_no_route_is_left_out() -> None:
    routes = [route(URL, "a"), route(URL, "b"), route(URL, "c", priority=1, weight=99)]
    assert ids(routes, 0.0) == ["a", "b", "c"]
    assert ids(routes, 0.99) == ["b", "a", "c"]


def test_inside_a_tier_chance_follows_weight() -> None:
    routes = [route(URL, "light", weight=1), route(URL, "heavy", weight=3)]
    draw = Random(7).random
    firsts = Counter(next(ordered(routes, draw)).upstream_id for _ in range(4_000))
    assert 2_800 < firsts["heavy"] < 3_200


def test_a_route_of_no_weight_comes_last_in_its_tier() -> None:
    routes = [route(URL, "spare", weight=0), route(URL, "main"), route(URL, "next", priority=1)]
    assert ids(routes, 0.0) == ["main", "spare", "next"]


@pytest.mark.parametrize("draw", [0.0, 0.5, 0.999999])
def test_a_tier_without_any_weight_is_tried_all_the_same(draw: float) -> None:
    routes = [route(URL, "a", weight=0), route(URL, "b", weight=0)]
    assert sorted(ids(routes, draw)) == ["a", "b"]


def test_an_upstream_that_asked_for_it_is_left_alone_for_so_long() -> None:
    cooldowns = Cooldowns()
    cooldowns.note("a", now=100.0, retry_after_s=5)
    assert not cooldowns.is_cool("a", 104.9)
    assert cooldowns.is_cool("b", 104.9)
    assert cooldowns.is_cool("a", 105.0)


def test_no_upstream_is_left_alone_for_longer_than_the_bound() -> None:
    cooldowns = Cooldowns()
    cooldowns.note("a", now=0.0, retry_after_s=3_600)
    assert cooldowns.is_cool("a", COOLDOWN_S_MAX)


def test_the_wait_is_for_the_first_that_comes_back_in_whole_seconds() -> None:
    cooldowns, routes = Cooldowns(), [route(URL, "a"), route(URL, "b")]
    cooldowns.note("a", now=0.0, retry_after_s=9)
    cooldowns.note("b", now=0.0, retry_after_s=5)
    assert cooldowns.wait_s(routes, 0.5) == 5
    assert cooldowns.wait_s(routes, 4.9) == 1
    assert cooldowns.wait_s([], 0.0) == 1
