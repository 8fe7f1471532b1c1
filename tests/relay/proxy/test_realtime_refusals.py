"""Who gets a Realtime session, how the others are told, and what ends one that goes on too long."""

import asyncio
import json
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from devstack.demo_upstream.server import Running
from relay.proxy import error_contract
from relay.proxy.errors import ApiError, Cause
from relay.proxy.realtime.door import RealtimeDoor
from relay.proxy.types import Ending, Site, Standing
from relay.proxy.upstream.sockets import SocketDialer
from relay.proxy.wire import Kind, Quirks, wire
from tests.relay.proxy.fakes import (
    HOST,
    MODEL,
    SECRET,
    House,
    caller,
    offer,
    route,
)
from tests.relay.proxy.realtime_house import door, session, talk
from tests.relay.upstream.scripted_server import Peer, scripted

CHINESE = Site("acme", "zh-hans", error_contract.DEFAULT)


async def refused(relay: House, **given: Any) -> tuple[int, dict[str, Any]]:
    """Status and error of a handshake that is refused."""
    async with door(relay) as port:
        with pytest.raises(InvalidStatus) as caught:
            async with talk(port, **given):
                pass
    response = caught.value.response
    assert response.headers["x-request-id"]
    return response.status_code, json.loads(response.body or b"")["error"]


@pytest.mark.parametrize(
    "given",
    [
        {"headers": {"x-api-key": SECRET}},
        {"headers": {"api-key": SECRET}},
        {"headers": {}, "subprotocols": ["realtime", f"openai-insecure-api-key.{SECRET}"]},
        {"path": "/compatible-mode/v1/realtime"},
    ],
)
async def test_the_key_is_taken_from_where_clients_put_it(
    relay: House, given: dict[str, Any]
) -> None:
    async with session(relay, **given) as client:
        assert (await client.ask("[[demo:tokens=2]]"))[-1]["type"] == "response.done"
        wanted = "realtime" if "subprotocols" in given else None
        assert client.connection.subprotocol == wanted


@pytest.mark.parametrize("by", ["subprotocol", "header"])
async def test_the_betas_names_are_asked_for(relay: House, by: str) -> None:
    key = {"Authorization": f"Bearer {SECRET}"}
    given: dict[str, Any] = {"headers": {**key, "OpenAI-Beta": "realtime=v1"}}
    if by == "subprotocol":
        given = {"headers": key, "subprotocols": ["realtime", "openai-beta.realtime-v1"]}
    async with session(relay, **given) as client:
        await client.say("[[demo:tokens=2]]")
        await client.send("response.create", response={"modalities": ["text"]})
        kinds = [event["type"] for event in await client.until("response.done")]
        assert kinds.count("response.text.delta") == 2


async def test_refusals_come_as_plain_http(relay: House) -> None:
    assert (await refused(relay, headers={}))[0] == 401
    assert (await refused(relay, headers={"x-api-key": "sk-wrong"}))[0] == 401
    assert (await refused(relay, query="?model=other"))[1]["code"] == "model_not_found"
    status, error = await refused(relay, query="")
    assert (status, error["param"]) == (400, "model")
    assert (await refused(relay, path="/v1/elsewhere"))[0] == 404
    assert relay.gate.admitted == []


async def test_without_credit_there_is_no_session(relay: House, one: Running) -> None:
    relay.gate.denial = ApiError(Cause.NO_CREDIT)
    status, error = await refused(relay)
    assert (status, error["type"]) == (402, "insufficient_quota")
    assert one.calls() == []
    assert [each["code"] for each in relay.sink.refusals] == ["credit_balance_exhausted"]


async def test_a_server_that_cannot_refuse_accepts_tells_and_closes(relay: House) -> None:
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "path": "/v1/realtime",
        "query_string": b"model=small",
        "headers": [(b"host", HOST.encode())],
    }
    await RealtimeDoor(relay.relay, SocketDialer())(scope, receive, send)
    assert [each["type"] for each in sent] == [
        "websocket.accept",
        "websocket.send",
        "websocket.close",
    ]
    assert json.loads(sent[1]["text"])["error"]["code"] == "invalid_api_key"
    assert sent[2]["code"] == 4401


async def test_the_end_of_the_balance_ends_the_session(relay: House) -> None:
    relay.routes.site = CHINESE
    relay.gate.affordable_tokens = 10
    async with session(relay) as client:
        await client.say("[[demo:tokens=50]]")
        await client.send("response.create", response={"output_modalities": ["text"]})
        relay.gate.admitted[0].covered_tokens = 0
        events = await client.until("error")
        assert events[-1]["error"]["type"] == "insufficient_quota"
        assert "余额" in events[-1]["error"]["message"]
        assert await client.closed() == 4402
    end = relay.gate.ended[0]
    assert (end.ending, end.error_code) == (Ending.CUT, "credit_balance_exhausted")
    assert end.usage is not None
    assert end.usage.output_tokens == 10


async def test_a_balance_spent_by_a_response_ends_the_session_after_it(relay: House) -> None:
    async with session(relay) as client:
        relay.gate.denial = ApiError(Cause.NO_CREDIT)
        events = await client.ask("[[demo:tokens=5]]")
        assert events[-1]["response"]["status"] == "completed"
        assert (await client.event())["error"]["code"] == "credit_balance_exhausted"
        assert await client.closed() == 4402
    (end,) = relay.gate.ended
    assert end.ending is Ending.COMPLETED


async def test_a_rate_limit_refuses_the_response_and_spares_the_session(
    relay: House, one: Running
) -> None:
    async with session(relay) as client:
        relay.gate.denial = ApiError(Cause.RATE_LIMIT, retry_after_s=1)
        await client.ask("[[demo:tokens=5]]")
        await client.send("response.create", event_id="again")
        error = (await client.event())["error"]
        assert (error["code"], error["event_id"]) == ("rate_limit_exceeded", "again")
        relay.gate.denial = None
        await client.ask("[[demo:tokens=5]]")
    assert len([call for call in one.calls() if call["route"] == "realtime"]) == 2


async def test_a_revoked_key_ends_its_sessions_with_the_next_response(relay: House) -> None:
    async with session(relay) as client:
        relay.keys.callers[SECRET] = caller(standing=Standing.REVOKED)
        await client.ask("[[demo:tokens=5]]")
        assert (await client.event())["error"]["code"] == "invalid_api_key"
        assert await client.closed() == 4401


async def test_the_next_route_takes_over_before_the_session_is_open(
    pair: House, one: Running, two: Running
) -> None:
    broken = route(one.base_url, "one", name="demo-model+fault=503")
    second = route(two.base_url, "two", priority=1)
    pair.routes.offers[MODEL] = offer(broken, second)
    async with session(pair) as client:
        await client.ask("[[demo:tokens=5]]")
    assert pair.gate.ended[0].upstream_id == "two"
    assert pair.gate.ended[0].attempts == (("one", 503, "status_503"), ("two", 101, ""))


@pytest.mark.parametrize(("fault", "status"), [("503", 503), ("500", 502), ("401", 502)])
async def test_with_nobody_left_the_handshake_is_refused(
    relay: House, one: Running, fault: str, status: int
) -> None:
    broken = route(one.base_url, "one", name=f"demo-model+fault={fault}")
    relay.routes.offers[MODEL] = offer(broken)
    assert (await refused(relay))[0] == status
    assert (relay.end.ending, relay.end.usage) == (Ending.UPSTREAM_FAILED, None)


async def test_an_upstream_without_realtime_is_not_asked(relay: House, one: Running) -> None:
    mute = wire(Kind.GEMINI, b"sk-upstream", Quirks())
    relay.routes.offers[MODEL] = offer(route(one.base_url, "one", wire=mute))
    assert (await refused(relay))[1]["code"] == "endpoint_not_supported"
    assert one.calls() == []


async def test_one_without_realtime_is_passed_over_for_one_that_has_it(
    relay: House, one: Running
) -> None:
    mute = route("http://127.0.0.1:1", "mute", wire=wire(Kind.GEMINI, b"sk", Quirks()))
    relay.routes.offers[MODEL] = offer(mute, route(one.base_url, "one", priority=1))
    async with session(relay) as client:
        await client.ask("[[demo:tokens=5]]")
    assert relay.gate.admitted[0].passed == (("mute", "not_able"),)


async def test_a_redirect_is_not_followed(relay: House, one: Running) -> None:
    async def script(peer: Peer) -> None:
        head = f"HTTP/1.1 302 Found\r\nlocation: {one.base_url}/realtime?model=x\r\n"
        await peer.answer(head.encode() + b"content-length: 0\r\n\r\n")

    async with scripted(script) as server:
        away = route(f"http://127.0.0.1:{server.origin.port}", "one")
        relay.routes.offers[MODEL] = offer(away)
        assert (await refused(relay))[0] == 502
    assert one.calls() == []


async def test_a_private_address_is_not_connected_to(relay: House, one: Running) -> None:
    sent: list[Any] = []
    connect = asyncio.Event()

    async def receive() -> dict[str, Any]:
        if connect.is_set():
            return {"type": "websocket.disconnect", "code": 1006}
        connect.set()
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "websocket",
        "path": "/v1/realtime",
        "query_string": b"model=small",
        "headers": [(b"host", HOST.encode()), (b"x-api-key", SECRET.encode())],
        "extensions": {"websocket.http.response": {}},
    }
    await RealtimeDoor(relay.relay, SocketDialer())(scope, receive, send)
    assert sent[0]["status"] == 502
    assert relay.end.attempts == (("one", 0, "AddressRefused"),)
    assert one.calls() == []
