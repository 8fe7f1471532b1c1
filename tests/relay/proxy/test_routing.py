"""The order in which Routes are tried, and when an Upstream is left alone."""

from collections import Counter
from random import Random

import pytest

from relay.proxy.failures import Failed
from relay.proxy.health import Health
from relay.proxy.routing import Selection, ordered
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


def test_where_the_conversation_was_comes_first_in_its_tier_only() -> None:
    routes = [route(URL, "a"), route(URL, "b"), route(URL, "c", priority=1)]
    assert [each.upstream_id for each in ordered(routes, lambda: 0.0, "b")] == ["b", "a", "c"]
    assert [each.upstream_id for each in ordered(routes, lambda: 0.0, "c")] == ["a", "b", "c"]


def test_a_selection_passes_over_who_failed_and_who_must_be_left_alone() -> None:
    health = Health()
    routes = [route(URL, "a"), route(URL, "b", priority=1), route(URL, "c", priority=2)]
    selection = Selection(routes, health, lambda: 0.0)
    first = selection.next(0.0)
    assert first is routes[0]
    selection.spend("a")
    turn = health.begin(routes[1], 0.0)
    health.failed(turn, Failed("status_503", status=503, retry_after_s=9.0), 0.0)
    assert selection.next(1.0) is routes[2]
    assert selection.next(1.0) is None
