"""Staff try out an upstream of any kind, in its own way."""

from collections.abc import Iterator
from ipaddress import ip_network

import pytest
from pytest_django import Settings

from devstack.demo_upstream.exchange import Options
from devstack.demo_upstream.server import Running, running
from relay import upstream_checks
from relay.models import Upstream
from relay.proxy.wire import Kind

KEY = "sk-upstream"


@pytest.fixture(scope="module")
def demo() -> Iterator[Running]:
    with running(Options("checks", api_key=KEY)) as upstream:
        yield upstream


@pytest.fixture(autouse=True)
def loopback(settings: Settings) -> None:
    settings.UPSTREAM_ALLOWED_NETWORKS = [ip_network("127.0.0.0/8")]


def upstream_of(demo: Running, kind: Kind, **quirks: object) -> Upstream:
    root = demo.base_url.removesuffix("/v1")
    bases = {Kind.GEMINI: f"{root}/v1beta", Kind.AZURE: f"{root}/openai"}
    base_url = bases.get(kind, demo.base_url)
    made = Upstream(id="u", dialect=kind.value, base_url=base_url, quirks=quirks)
    made.set_credential(KEY)
    return made


@pytest.mark.parametrize("kind", list(Kind))
def test_a_tiny_call_is_answered(demo: Running, kind: Kind) -> None:
    result = upstream_checks.call(upstream_of(demo, kind), "demo-model")
    assert (result.ok, result.error) == (True, "")
    assert result.sample


@pytest.mark.parametrize("kind", [Kind.OPENAI, Kind.ANTHROPIC, Kind.GEMINI])
def test_its_models_are_listed(demo: Running, kind: Kind) -> None:
    result = upstream_checks.list_models(upstream_of(demo, kind))
    assert (result.ok, result.error) == (True, "")
    assert "demo-model" in result.models


def test_one_that_speaks_responses_is_asked_so(demo: Running) -> None:
    made = upstream_of(demo, Kind.OPENAI, speaks=["responses"])
    result = upstream_checks.call(made, "demo-model")
    assert (result.ok, bool(result.sample)) == (True, True)


def test_a_wrong_credential_is_said_in_any_dialect(demo: Running) -> None:
    for kind in (Kind.ANTHROPIC, Kind.OPENAI):
        made = upstream_of(demo, kind)
        made.set_credential("sk-wrong")
        result = upstream_checks.call(made, "demo-model")
        assert (result.ok, result.status) == (False, 401)
        assert "sk-wrong" not in result.error
