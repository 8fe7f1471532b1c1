"""Responses that are kept: read again, gone on with, deleted; whatever the Upstream speaks."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from devstack.demo_upstream.server import Running
from relay.proxy import sse
from relay.proxy.dialect import Dialect
from relay.proxy.endpoints import responses
from relay.proxy.errors import ApiError, Cause
from relay.proxy.wire import Kind, Quirks, wire
from tests.relay.proxy.fakes import MODEL, Exchange, House, caller, house, route

PATH = "/v1/responses"
STRANGER = "sk-globex"


@pytest.fixture(params=["native", "translated"])
async def relay(request: pytest.FixtureRequest, one: Running) -> AsyncIterator[House]:
    """An upstream that speaks responses, or chat alone."""
    speaks = (Dialect.RESPONSES,) if request.param == "native" else (Dialect.CHAT,)
    spoken = wire(Kind.OPENAI, b"sk-upstream", Quirks(speaks=speaks))
    async with house(replace(route(one.base_url, "one"), wire=spoken)) as made:
        yield made


async def create(relay: House, text: str = "My name is Ada.", **more: Any) -> Exchange:
    body = msgspec.json.encode({"model": MODEL, "input": text, **more})
    return await relay.request(path=PATH, body=[body]).begin().finish()


async def ask(relay: House, method: str, path: str, query: str = "", **given: Any) -> Exchange:
    exchange = relay.request(method=method, path=path, **given)
    exchange.ask(query.encode())
    return await exchange.begin().finish()


def said(exchange: Exchange) -> dict[str, Any]:
    """The Response object of an answer, streamed or not."""
    if not exchange.body.startswith(b"event:"):
        return dict(exchange.json())
    last = sse.data_of(exchange.body.strip().rsplit(b"\n\n", 1)[-1])
    return dict(msgspec.json.decode(last)["response"])


@pytest.mark.parametrize("is_stream", [False, True])
async def test_a_response_is_read_again_as_it_was(relay: House, is_stream: bool) -> None:
    first = said(await create(relay, stream=is_stream))
    again = await ask(relay, "GET", f"{PATH}/{first['id']}")
    assert (again.status, again.json()) == (200, first)
    assert again.json()["model"] == MODEL
    assert len(relay.gate.ended) == 1  # reading it costs nothing


async def test_what_is_not_to_be_stored_is_not(relay: House) -> None:
    first = said(await create(relay, store=False))
    assert (await ask(relay, "GET", f"{PATH}/{first['id']}")).status == 404
    assert relay.objects.kept == {}


async def test_a_conversation_goes_on_with_all_that_was_said(relay: House, one: Running) -> None:
    first = said(await create(relay))
    second = said(
        await create(relay, "What is my name?", previous_response_id=first["id"], stream=True)
    )
    third = await create(relay, "And again?", previous_response_id=second["id"])
    assert third.status == 200
    sent = str(one.calls()[-1]["body"])
    for words in ("My name is Ada.", "What is my name?", "And again?"):
        assert sent.count(words) >= 1
    assert "previous_response_id" not in sent or "'previous_response_id': None" in sent
    roles = [
        item.get("role")
        for item in (
            await ask(relay, "GET", f"{PATH}/{said(third)['id']}/input_items", "order=asc")
        ).json()["data"]
    ]
    assert roles == ["user", "assistant", "user", "assistant", "user"]


async def test_input_items_come_in_pages(relay: House) -> None:
    items = [{"role": "user", "content": f"word {number}"} for number in range(3)]
    made = said(await create(relay, items))  # type: ignore[arg-type]
    path = f"{PATH}/{made['id']}/input_items"
    first = (await ask(relay, "GET", path, "limit=2")).json()
    assert (len(first["data"]), first["has_more"]) == (2, True)
    rest = (await ask(relay, "GET", path, f"limit=2&after={first['last_id']}")).json()
    assert (len(rest["data"]), rest["has_more"]) == (1, False)
    assert rest["data"][0]["content"] == [{"type": "input_text", "text": "word 0"}]
    wrong = await ask(relay, "GET", path, "limit=0")
    assert (wrong.status, wrong.error()["param"]) == (400, "limit")


async def test_what_is_deleted_is_gone(relay: House) -> None:
    made = said(await create(relay))
    gone = await ask(relay, "DELETE", f"{PATH}/{made['id']}")
    assert gone.json() == {"id": made["id"], "object": "response", "deleted": True}
    assert (await ask(relay, "GET", f"{PATH}/{made['id']}")).status == 404
    assert (await create(relay, previous_response_id=made["id"])).status == 404


async def test_a_strangers_response_is_not_there(relay: House) -> None:
    relay.keys.callers[STRANGER] = caller(organization_id="org_globex")
    made = said(await create(relay))
    theirs = {"headers": {"authorization": f"Bearer {STRANGER}"}}
    for method, tail in (("GET", ""), ("GET", "/input_items"), ("DELETE", "")):
        answer = await ask(relay, method, f"{PATH}/{made['id']}{tail}", **theirs)
        assert answer.status == 404
    body = {"model": MODEL, "input": "x", "previous_response_id": made["id"]}
    going_on = relay.request(path=PATH, body=[msgspec.json.encode(body)], **theirs)
    answer = await going_on.begin().finish()
    assert (answer.status, answer.error()["param"]) == (404, "previous_response_id")


async def test_an_answer_that_cannot_be_kept_is_an_answer_all_the_same(
    relay: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    relay.objects.error = ApiError(Cause.GATE_UNAVAILABLE)
    assert (await create(relay)).status == 200
    relay.objects.error = None
    monkeypatch.setattr(responses, "KEPT_BYTES_MAX", 10)
    assert (await create(relay)).status == 200
    assert relay.objects.kept == {}
