"""Two demo upstreams beside the tests, `one` and `two`, and relays that know them in that order."""

from collections.abc import AsyncIterator, Iterator

import pytest

from devstack.demo_upstream.exchange import Options
from devstack.demo_upstream.server import Running, running
from tests.relay.proxy.fakes import House, house, route


@pytest.fixture(scope="session")
def demo_one() -> Iterator[Running]:
    with running(Options("one", api_key="sk-upstream")) as upstream:
        yield upstream


@pytest.fixture(scope="session")
def demo_two() -> Iterator[Running]:
    with running(Options("two", api_key="sk-upstream")) as upstream:
        yield upstream


@pytest.fixture
def one(demo_one: Running) -> Running:
    demo_one.clear()
    return demo_one


@pytest.fixture
def two(demo_two: Running) -> Running:
    demo_two.clear()
    return demo_two


@pytest.fixture
async def relay(one: Running) -> AsyncIterator[House]:
    """One upstream, so nothing to fail over to."""
    async with house(route(one.base_url, "one")) as made:
        yield made


@pytest.fixture
async def pair(one: Running, two: Running) -> AsyncIterator[House]:
    """Two upstreams in tiers: `two` is asked only after `one` failed."""
    first, second = route(one.base_url, "one"), route(two.base_url, "two", priority=1)
    async with house(first, second) as made:
        yield made
