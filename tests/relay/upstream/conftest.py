"""Every test of the upstream client runs on both event loops it must work on, against scripted
servers on loopback."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from ipaddress import ip_network

import pytest
import uvloop

from relay.proxy.upstream.client import HttpClient


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    return {"asyncio": asyncio.SelectorEventLoop, "uvloop": uvloop.new_event_loop}


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    """A client that may reach loopback, closed after the test."""
    client = HttpClient(allowed_networks=[ip_network("127.0.0.0/8")])
    yield client
    await client.aclose()
