"""What is looked at in a request that passes through, and what is changed in it."""

from typing import Any

import msgspec
import pytest

from relay.proxy.causes import Cause
from relay.proxy.dialects.messages import envelope as env
from relay.proxy.errors import ApiError

LEAST = {"model": "claude", "max_tokens": 1024, "messages": [{"role": "user", "content": "Hi"}]}


def envelope(**more: Any) -> env.Envelope:
    return env.envelope(msgspec.json.encode({**LEAST, **more}))


def refusal(body: bytes) -> tuple[Cause, str | None]:
    with pytest.raises(ApiError) as caught:
        env.envelope(body)
    return caught.value.cause, caught.value.param


def test_a_plain_request() -> None:
    body = msgspec.json.encode(LEAST)
    found = env.envelope(body)
    assert (found.model, found.is_stream, found.demand.output_tokens_asked) == (
        "claude",
        False,
        1024,
    )
    assert found.demand.input_tokens_bound == len(body)
    assert 0 < found.demand.input_tokens_guess <= len(body)
    assert envelope(stream=True).is_stream


def test_only_what_must_change_is_changed() -> None:
    body = b'{"model":"a", "max_tokens": 9, "messages":[{"role":"user","content": "x"}],"new":1.50}'
    found = env.envelope(body)
    sent = found.body_for("b", output_tokens_cap=None)
    assert sent == (
        b'{"model":"b","max_tokens":9,"messages":[{"role":"user","content": "x"}],"new":1.50}'
    )
    assert found.body_for("b", output_tokens_cap=9) == sent
    assert b'"max_tokens":8,' in found.body_for("b", output_tokens_cap=8)


def test_pictures_and_documents_cost_more_than_their_bytes() -> None:
    source = {"type": "url", "url": "https://x"}
    picture, pdf = {"type": "image", "source": source}, {"type": "document", "source": source}
    result = {"type": "tool_result", "tool_use_id": "t", "content": [picture]}
    seen = envelope(messages=[{"role": "user", "content": [picture, result, pdf]}])
    assert seen.demand.input_tokens_bound > 2 * env.IMAGE_TOKENS + env.DOCUMENT_TOKENS
    assert (
        env.DOCUMENT_TOKENS_GUESS < seen.demand.input_tokens_guess < 2 * env.DOCUMENT_TOKENS_GUESS
    )
    assert seen.demand.token_kinds == env.IMAGE_KINDS
    said = envelope(messages=[{"role": "user", "content": '{"type":"image"}'}])
    assert said.demand.input_tokens_bound < env.IMAGE_TOKENS


def test_a_prompt_that_is_cached_may_cost_what_writing_costs() -> None:
    assert envelope().demand.token_kinds == ()
    assert envelope(cache_control={"type": "ephemeral"}).demand.token_kinds == env.CACHE_KINDS


STORED = {"type": "document", "source": {"type": "file", "file_id": "file_1"}}


@pytest.mark.parametrize(
    ("block", "param"),
    [
        (STORED, ".source"),
        ({"type": "container_upload", "file_id": "file_1"}, ""),
        ({"type": "tool_result", "tool_use_id": "t", "content": [STORED]}, ".content[0].source"),
        (
            {"type": "document", "source": {"type": "content", "content": [STORED]}},
            ".source.content[0].source",
        ),
    ],
)
def test_files_of_the_vendors_store_are_refused(block: dict[str, Any], param: str) -> None:
    messages = [{"role": "user", "content": "Hi"}, {"role": "user", "content": [block]}]
    found = refusal(msgspec.json.encode({**LEAST, "messages": messages}))
    assert found == (Cause.BAD_REQUEST, f"messages[1].content[0]{param}")


def test_arguments_of_the_clients_tools_may_speak_of_files() -> None:
    use = {"type": "tool_use", "id": "t", "name": "f", "input": {"type": "file", "file_id": "1"}}
    result = {"type": "search_result", "source": "https://x", "content": []}
    passed = envelope(messages=[{"role": "assistant", "content": [use, result]}])
    assert passed.body_for("claude", output_tokens_cap=None).count(b'"file_id":"1"') == 1


def test_a_cap_of_nothing_fills_the_cache() -> None:
    assert envelope(max_tokens=0).demand.output_tokens_asked == 0
    assert envelope(max_tokens=10.0).demand.output_tokens_asked == 10


@pytest.mark.parametrize(
    ("given", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": "x"}, "messages"),
        ({"messages": [{"role": "user", "content": [3]}]}, "messages[0].content[0]"),
        ({"max_tokens": -1}, "max_tokens"),
        ({"max_tokens": 1.5}, "max_tokens"),
        ({"model": "a\nb"}, "model"),
        ({"model": 3}, "model"),
        ({"stream": "yes"}, "stream"),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "tools[0].type"),
        ({"mcp_servers": [{"type": "url"}]}, "mcp_servers"),
        ({"speed": "fast"}, "speed"),
    ],
)
def test_what_is_wrong_is_named(given: dict[str, Any], param: str) -> None:
    assert refusal(msgspec.json.encode({**LEAST, **given})) == (Cause.BAD_REQUEST, param)


@pytest.mark.parametrize("name", ["model", "messages", "max_tokens"])
def test_what_is_missing_is_named(name: str) -> None:
    body = {key: value for key, value in LEAST.items() if key != name}
    assert refusal(msgspec.json.encode(body)) == (Cause.MISSING_PARAMETER, name)


def test_bodies_that_are_no_json() -> None:
    assert refusal(b"{") == (Cause.INVALID_JSON, None)
    assert refusal(b'{"model":"\xff"}') == (Cause.INVALID_JSON, None)
    assert refusal(b"[]") == (Cause.BAD_REQUEST, None)


def test_tools_of_the_client_pass() -> None:
    tools = [{"type": "bash_20250124", "name": "bash"}, {"name": "f", "input_schema": {}}]
    assert b"bash_20250124" in envelope(tools=tools).body_for("b", output_tokens_cap=None)


def test_tokens_are_counted_without_a_cap() -> None:
    body = msgspec.json.encode({"model": "m", "messages": LEAST["messages"]})
    found = env.envelope_of_count(body)
    assert found.demand.output_tokens_asked is None
    assert not found.demand.generates
    assert b"max_tokens" not in found.body_for("b", output_tokens_cap=5)
