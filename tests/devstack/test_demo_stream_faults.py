"""Streams break, or are dressed, exactly as the directive asks."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from devstack.demo_upstream.errors import LEAK_MARK
from devstack.demo_upstream.server import Running, running


@pytest.fixture(scope="module")
def upstream() -> Iterator[Running]:
    with running() as upstream:
        yield upstream


def request(directive: str, **more: Any) -> dict[str, Any]:
    messages = [{"role": "user", "content": f"Hello [[demo: {directive}]]"}]
    options = {"include_usage": True}
    return {
        "model": "demo-model",
        "messages": messages,
        "stream": True,
        "stream_options": options,
        **more,
    }


def post(upstream: Running, directive: str) -> bytes:
    url = f"{upstream.base_url}/chat/completions"
    return httpx.post(url, json=request(directive), trust_env=False).content


def data_lines(stream: bytes) -> list[bytes]:
    lines = stream.splitlines()
    return [line.removeprefix(b"data: ") for line in lines if line.startswith(b"data: ")]


def text(stream: bytes) -> str:
    chunks = [json.loads(line) for line in data_lines(stream) if line != b"[DONE]"]
    return "".join(c["choices"][0]["delta"].get("content", "") for c in chunks if c["choices"])


def received_until_cut(upstream: Running, directive: str) -> bytes:
    received = bytearray()
    url = f"{upstream.base_url}/chat/completions"
    with (
        httpx.stream("POST", url, json=request(directive), trust_env=False) as response,
        pytest.raises(httpx.RemoteProtocolError),
    ):
        read_into(received, response)
    return bytes(received)


def read_into(received: bytearray, response: httpx.Response) -> None:
    for data in response.iter_raw():
        received += data


def test_cut_ends_inside_an_event(upstream: Running) -> None:
    received = received_until_cut(upstream, "fault=cut after=4 tokens=9")
    *whole, last = data_lines(received)
    assert len(whole) == 5  # the role, and four tokens
    with pytest.raises(json.JSONDecodeError):
        json.loads(last)
    call = upstream.calls()[-1]
    assert call["ending"] == "fault:cut"
    assert (call["tokens_sent"], call["completion_tokens"]) == (4, 9)


@pytest.mark.parametrize("after", [0, 2, 99])
def test_error_event_ends_the_stream_without_done(upstream: Running, after: int) -> None:
    stream = post(upstream, f"fault=error-event after={after} tokens=5")
    *chunks, last = [json.loads(line) for line in data_lines(stream)]
    assert LEAK_MARK in last["error"]["message"]
    sent = [c for c in chunks if c["choices"][0]["delta"].get("content")]
    assert len(sent) == min(after, 5) == upstream.calls()[-1]["tokens_sent"]


def test_bad_json_comes_once_and_the_stream_goes_on(upstream: Running) -> None:
    lines = data_lines(post(upstream, "fault=bad-json after=1 tokens=3"))
    bad = [line for line in lines if line != b"[DONE]" and not is_json(line)]
    assert len(bad) == 1
    assert lines[-1] == b"[DONE]"
    assert upstream.calls()[-1]["ending"] == "completed"


def is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except json.JSONDecodeError:
        return False
    return True


def test_empty_stream_has_no_choices(upstream: Running) -> None:
    first, usage, done = data_lines(post(upstream, "fault=empty"))
    assert json.loads(first)["choices"] == []
    assert json.loads(usage)["usage"]["completion_tokens"] == 0
    assert done == b"[DONE]"


def test_stream_without_usage_never_mentions_it(upstream: Running) -> None:
    assert b'"usage"' not in post(upstream, "fault=no-usage tokens=2")


def test_absurd_usage_is_in_the_last_chunk(upstream: Running) -> None:
    *_, usage, _done = data_lines(post(upstream, "fault=absurd-usage tokens=2"))
    assert json.loads(usage)["usage"]["completion_tokens"] == 10**15


@pytest.mark.parametrize("fault", ["crlf", "comments", "split", "drip pace=0"])
def test_dressed_stream_says_the_same(upstream: Running, fault: str) -> None:
    stream = post(upstream, f"fault={fault} tokens=5")
    assert text(stream) == "one two three four five"
    assert data_lines(stream)[-1] == b"[DONE]"


def test_crlf_ends_every_line(upstream: Running) -> None:
    stream = post(upstream, "fault=crlf tokens=2")
    assert stream.count(b"\r\n") == stream.count(b"\n")


def test_comments_stand_before_every_event(upstream: Running) -> None:
    stream = post(upstream, "fault=comments tokens=2")
    assert stream.count(b": keep-alive\n\n") == stream.count(b"data: ")


def test_big_line_is_one_event_with_everything(upstream: Running) -> None:
    stream = post(upstream, "fault=big-line size=3000000")
    assert max(len(line) for line in data_lines(stream)) > 3_000_000
    assert upstream.calls()[-1]["tokens_sent"] == 600_000


async def test_split_events_arrive_in_several_pieces(upstream: Running) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", upstream.port)
    body = json.dumps(request("fault=split tokens=4")).encode()
    head = b"POST /v1/chat/completions HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n"
    writer.write(head + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    reads = 0
    while await asyncio.wait_for(reader.read(65536), 30):
        reads += 1
    writer.close()
    assert reads > 4  # unsplit, all of it arrives in one or two


def test_pace_spreads_the_tokens(upstream: Running) -> None:
    post(upstream, "pace=10 tokens=6")
    call = upstream.calls()[-1]
    assert 40 <= call["ended_ms"] < 2000  # five gaps, each exact to about 1 ms
