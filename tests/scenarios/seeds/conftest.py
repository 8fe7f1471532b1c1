"""The five sellers, the witness of what reaches their upstream, and names that resolve."""

import socket
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from tests.scenarios.seeds.sellers import Seller, Upstream, open_up, upstream_of
from tests.stack import Stack


@pytest.fixture(scope="session")
def loopback_names() -> Iterator[None]:
    """RFC 6761 has every name under `.localhost` be this machine; not every resolver knows."""
    real = socket.getaddrinfo

    def resolve(host: Any, *others: Any, **named: Any) -> Any:
        is_local = isinstance(host, str) and host.endswith(".localhost")
        return real("127.0.0.1" if is_local else host, *others, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", resolve)
        yield


@pytest.fixture(scope="session")
def curl(loopback_names: None) -> Iterator[httpx.Client]:
    """A plain HTTP client, for what the documents have in curl and fetch."""
    with httpx.Client(trust_env=False, timeout=30.0) as http:
        yield http


@pytest.fixture(scope="session")
def sellers(stack: Stack, curl: httpx.Client) -> dict[str, Seller]:
    """One deployment with all five sites at once."""
    return open_up(stack, curl)


@pytest.fixture(scope="module")
def seller(request: pytest.FixtureRequest, sellers: dict[str, Seller]) -> Seller:
    """The one whose page the module is about: its `SITE`."""
    return sellers[request.module.SITE]


@pytest.fixture(scope="module")
def base_url(seller: Seller) -> str:
    """Where its clients are pointed at."""
    return seller.base_url


@pytest.fixture(scope="module")
def client(seller: Seller, base_url: str) -> Iterator[openai.OpenAI]:
    """OpenAI's own, for the customer with credit."""
    with openai.OpenAI(api_key=seller.key, base_url=base_url, max_retries=0) as client:
        yield client


@pytest.fixture(scope="session")
def upstream(stack: Stack, curl: httpx.Client) -> Upstream:
    """The demo upstream that all their models are routed to."""
    return upstream_of(stack, curl)
