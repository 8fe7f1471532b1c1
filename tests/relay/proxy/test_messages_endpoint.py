"""Anthropic's endpoint: passed through to its own kind, translated to others; counted for free."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from devstack.demo_upstream.server import Running
from relay.proxy.types import Ending
from relay.proxy.wire import Kind, Quirks, wire
from tests.relay.proxy.fakes import MODEL, SECRET, Exchange, House, house, route

MESSAGES, COUNT = "/v1/messages", "/v1/messages/count_tokens"
ANTHROPIC = wire(Kind.ANTHROPIC, b"sk-upstream", Quirks())
AS_ANTHROPIC = {"x-api-key": SECRET, "anthropic-version": "2023-06-01", "authorization": ""}


@pytest.fixture
async def native(one: Running) -> AsyncIterator[House]:
    async with house(route(one.base_url, "one", wire=ANTHROPIC)) as made:
        yield made


@pytest.fixture(params=["native", "translated"])
async def any_kind(request: pytest.FixtureRequest, one: Running) -> AsyncIterator[House]:
    """One upstream, of Anthropic's dialect or of OpenAI's."""
    spoken = {"wire": ANTHROPIC} if request.param == "native" else {}
    async with house(route(one.base_url, "one", **spoken)) as made:
        yield made


async def post(relay: House, path: str = MESSAGES, **body: Any) -> Exchange:
    asked = {"model": MODEL, "max_tokens": 64, "messages": [{"role": "user", "content": "hello"}]}
    if path == COUNT:
        del asked["max_tokens"]
    content = msgspec.json.encode(asked | body)
    request = relay.request(path=path, headers=AS_ANTHROPIC, body=[content])
    return await request.begin().finish()


async def test_a_message_is_answered_and_metered_whatever_the_upstream_speaks(
    any_kind: House,
) -> None:
    answer = await post(any_kind)
    assert answer.status == 200
    shown = answer.json()
    assert (shown["type"], shown["role"], shown["model"]) == ("message", "assistant", MODEL)
    assert shown["content"][0]["type"] == "text"
    usage = any_kind.end.usage
    assert usage is not None
    assert not usage.is_estimated
    assert (usage.input_tokens, usage.output_tokens) == (
        shown["usage"]["input_tokens"],
        shown["usage"]["output_tokens"],
    )


async def test_a_stream_ends_with_message_stop_after_the_debit(any_kind: House) -> None:
    answer = await post(any_kind, stream=True)
    kinds = [msgspec.json.decode(data)["type"] for data in data_lines(answer.body)]
    assert (kinds[0], kinds[-1]) == ("message_start", "message_stop")
    assert any_kind.journal.index("settled") == len(any_kind.journal) - 2
    assert any_kind.end.ending is Ending.COMPLETED
    assert any_kind.end.usage is not None
    assert not any_kind.end.usage.is_estimated


async def test_errors_are_in_anthropics_shape(native: House) -> None:
    answer = await post(native, messages=[])
    assert answer.status == 400
    shown = answer.json()
    assert (shown["type"], shown["error"]["type"]) == ("error", "invalid_request_error")
    assert answer.headers["request-id"] == shown["request_id"]


async def test_a_path_below_messages_that_nobody_serves_is_refused_in_its_shape(
    native: House,
) -> None:
    answer = await native.request(path="/v1/messages/batches").begin().finish()
    assert (answer.status, answer.json()["type"]) == (404, "error")


async def test_tokens_are_counted_by_the_vendor_and_cost_nothing(
    native: House, one: Running
) -> None:
    answer = await post(native, COUNT)
    assert answer.status == 200
    assert answer.json()["input_tokens"] > 0
    assert (native.end.ending, native.end.usage) == (Ending.COMPLETED, None)
    assert len(one.calls()) == 1


async def test_tokens_are_counted_by_us_where_no_vendor_does(relay: House, one: Running) -> None:
    answer = await post(relay, COUNT)
    assert answer.json()["input_tokens"] > 0
    assert not relay.gate.admitted
    assert not one.calls()


async def test_betas_go_to_an_upstream_that_knows_them(native: House, one: Running) -> None:
    body = msgspec.json.encode(
        {"model": MODEL, "max_tokens": 8, "messages": [{"role": "user", "content": "hello"}]}
    )
    headers = AS_ANTHROPIC | {"anthropic-beta": "context-1m-2025-08-07"}
    await native.request(path=MESSAGES, headers=headers, body=[body]).begin().finish()
    (seen,) = one.calls()
    assert "anthropic-beta" in seen["header_names"]


async def test_models_are_listed_in_anthropics_shape_to_its_clients(native: House) -> None:
    exchange = native.request(method="GET", path="/v1/models", headers=AS_ANTHROPIC)
    shown = (await exchange.begin().finish()).json()
    assert (shown["data"][0]["type"], shown["data"][0]["id"]) == ("model", MODEL)
    assert shown["has_more"] is False


def data_lines(body: bytes) -> list[bytes]:
    lines = body.replace(b"\r\n", b"\n").split(b"\n")
    return [line[6:] for line in lines if line.startswith(b"data: ")]
