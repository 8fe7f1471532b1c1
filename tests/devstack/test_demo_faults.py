"""Every fault that stands in place of an answer looks on the wire as its name says."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from devstack.demo_upstream.errors import LEAK_MARK
from devstack.demo_upstream.exchange import Options
from devstack.demo_upstream.server import Running, running


@pytest.fixture(scope="module")
def upstream() -> Iterator[Running]:
    with running(Options(name="first")) as upstream:
        yield upstream


@pytest.fixture(autouse=True)
def clear(upstream: Running) -> None:
    upstream.clear()


def post(upstream: Running, directive: str, **more: Any) -> httpx.Response:
    body = request(directive, **more)
    return httpx.post(f"{upstream.base_url}/chat/completions", json=body, trust_env=False)


def request(directive: str, **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": f"Hello [[demo: {directive}]]"}]
    return {"model": "demo-model", "messages": messages, **more}


async def raw(upstream: Running, directive: str, **more: Any) -> tuple[Any, Any]:
    reader, writer = await asyncio.open_connection("127.0.0.1", upstream.port)
    body = json.dumps(request(directive, **more)).encode()
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: demo\r\nContent-Length: {}\r\n\r\n"
    writer.write(head.format(len(body)).encode() + body)
    return reader, writer


async def ended(upstream: Running) -> dict[str, Any]:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        last = upstream.calls()[-1]
        if last["ending"] != "open":
            return last
        await asyncio.sleep(0.01)
    raise AssertionError("the call did not end in 5 s")


@pytest.mark.parametrize("status", [400, 401, 429, 500, 503])
@pytest.mark.parametrize("stream", [False, True])
def test_error_status_has_an_error_body_that_names_a_key(
    upstream: Running, status: int, stream: bool
) -> None:
    response = post(upstream, f"fault={status}", stream=stream)
    assert response.status_code == status
    assert LEAK_MARK in response.json()["error"]["message"]
    assert upstream.calls()[-1]["ending"] == f"fault:{status}"


def test_rate_limit_says_when_to_retry(upstream: Running) -> None:
    assert post(upstream, "fault=429").headers["retry-after"] == "2"
    assert post(upstream, "fault=429 retry_after=7").headers["retry-after"] == "7"
    assert post(upstream, "fault=503 retry_after=1").headers["retry-after"] == "1"
    assert "retry-after" not in post(upstream, "fault=500").headers


async def test_reset_comes_before_any_byte(upstream: Running) -> None:
    reader, writer = await raw(upstream, "fault=reset")
    with pytest.raises(ConnectionResetError):
        await asyncio.wait_for(reader.read(), 30)
    writer.close()
    assert upstream.calls()[-1]["ending"] == "fault:reset"


async def test_silence_lasts_until_the_client_leaves(upstream: Running) -> None:
    reader, writer = await raw(upstream, "fault=silence")
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(reader.read(1), 0.1)
    writer.close()
    await writer.wait_closed()
    call = await ended(upstream)
    assert call["ending"] == "client_closed"
    assert call["fault"] == "silence"
    assert 0 < call["client_closed_ms"] < 2000


async def test_drip_sends_the_right_answer_byte_by_byte(upstream: Running) -> None:
    reader, writer = await raw(upstream, "fault=drip pace=1 after=80 tokens=3")
    received = b""
    reads = 0
    while data := await asyncio.wait_for(reader.read(65536), 30):
        received += data
        reads += 1
    writer.close()
    head, _, body = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert json.loads(body)["choices"][0]["message"]["content"] == "one two three"
    assert reads > 10
    assert upstream.calls()[-1]["ending"] == "completed"


def test_html_with_status_200(upstream: Running) -> None:
    response = post(upstream, "fault=html-200")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/html")


def test_empty_answer_has_no_choices(upstream: Running) -> None:
    body = post(upstream, "fault=empty").json()
    assert body["choices"] == []
    assert body["usage"]["completion_tokens"] == 0


def test_bad_json_is_no_json(upstream: Running) -> None:
    response = post(upstream, "fault=bad-json")
    assert response.headers["content-type"] == "application/json"
    with pytest.raises(json.JSONDecodeError):
        response.json()


def test_cut_body_is_shorter_than_announced(upstream: Running) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        post(upstream, "fault=cut")
    assert upstream.calls()[-1]["ending"] == "fault:cut"


def test_error_event_without_a_stream_is_an_error_with_status_200(upstream: Running) -> None:
    response = post(upstream, "fault=error-event")
    assert response.status_code == 200
    assert list(response.json()) == ["error"]


def test_spoilt_usage(upstream: Running) -> None:
    assert "usage" not in post(upstream, "fault=no-usage").json()
    assert post(upstream, "fault=negative-usage").json()["usage"]["completion_tokens"] < 0
    assert post(upstream, "fault=absurd-usage").json()["usage"]["prompt_tokens"] == 10**15
    assert isinstance(post(upstream, "fault=float-usage").json()["usage"]["total_tokens"], float)
    assert b'"prompt_tokens":NaN' in post(upstream, "fault=nan-usage").content
    assert {call["ending"] for call in upstream.calls()} == {"completed"}


def test_usage_can_be_set(upstream: Running) -> None:
    usage = post(upstream, "prompt_tokens=5000 cached=4096").json()["usage"]
    assert usage["prompt_tokens"] == 5000
    assert usage["prompt_tokens_details"]["cached_tokens"] == 4096


def test_fault_strikes_only_the_first_times(upstream: Running) -> None:
    statuses = [post(upstream, "fault=500 times=2 id=a").status_code for _ in range(3)]
    assert statuses == [500, 500, 200]
    assert post(upstream, "fault=500 times=2 id=b").status_code == 500


def test_fault_strikes_only_the_named_server(upstream: Running) -> None:
    assert post(upstream, "fault=500 only=first").status_code == 500
    assert post(upstream, "fault=500 only=second").status_code == 200


def test_directive_in_the_model_name(upstream: Running) -> None:
    answer = post(upstream, "", model="demo-model+tokens=4+prompt_tokens=9").json()
    assert answer["usage"]["completion_tokens"] == 4
    assert answer["usage"]["prompt_tokens"] == 9
    assert post(upstream, "tokens=2", model="m+tokens=4").json()["usage"]["completion_tokens"] == 2


@pytest.mark.parametrize("directive", ["fault=nope", "colour=red", "tokens=-1", "times=2"])
def test_wrong_directive_is_explained(upstream: Running, directive: str) -> None:
    response = post(upstream, directive)
    assert response.status_code == 400
    assert "demo directive" in response.json()["error"]["message"]


def test_wait_delays_the_first_byte(upstream: Running) -> None:
    started = time.monotonic()
    post(upstream, "wait=100")
    assert time.monotonic() - started >= 0.09  # uvloop's timers are exact to about 1 ms


def test_size_gives_a_big_answer_with_an_honest_count(upstream: Running) -> None:
    body = post(upstream, "size=1000003").json()
    assert len(body["choices"][0]["message"]["content"]) == 1_000_003
    assert body["usage"]["completion_tokens"] == 200_003
    assert upstream.calls()[-1]["tokens_sent"] == 200_003
