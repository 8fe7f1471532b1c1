"""Anthropic's figures stand beside each other; ours do too."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.proxy.dialects.messages import usage
from relay.proxy.types import Usage


def parse(figures: Any) -> Usage | None:
    return usage.parse(msgspec.json.encode(figures))


def test_the_published_example_with_a_cache() -> None:
    figures = {
        "input_tokens": 2048,
        "cache_read_input_tokens": 1800,
        "cache_creation_input_tokens": 248,
        "output_tokens": 503,
        "cache_creation": {"ephemeral_5m_input_tokens": 148, "ephemeral_1h_input_tokens": 100},
    }
    assert parse(figures) == Usage(
        input_tokens=2048,
        cached_input_tokens=1800,
        output_tokens=503,
        other={"cache_write_5m": 148, "cache_write_1h": 100},
    )


def test_what_is_written_without_a_split_stays_for_five_minutes() -> None:
    figures = {"input_tokens": 1, "cache_creation_input_tokens": 9, "output_tokens": 2}
    assert parse(figures) == Usage(1, 0, 2, other={"cache_write_5m": 9})


def test_thinking_is_inside_the_output() -> None:
    figures = {
        "input_tokens": 1,
        "output_tokens": 9,
        "output_tokens_details": {"thinking_tokens": 5},
        "cache_read_input_tokens": None,
        "server_tool_use": {"web_search_requests": 0},
    }
    assert parse(figures) == Usage(input_tokens=1, output_tokens=9, reasoning_tokens=5)


@pytest.mark.parametrize(
    "figures",
    [
        None,
        {},
        {"input_tokens": 5},
        {"input_tokens": -1, "output_tokens": 1},
        {"input_tokens": 1, "output_tokens": "1"},
        {"input_tokens": 1, "output_tokens": 1, "output_tokens_details": {"thinking_tokens": 2}},
        {
            "input_tokens": 1,
            "output_tokens": 1,
            "cache_creation_input_tokens": 1,
            "cache_creation": {"ephemeral_1h_input_tokens": 2},
        },
    ],
)
def test_nonsense_is_no_usage(figures: Any) -> None:
    assert parse(figures) is None


TOKENS = st.integers(0, 10**9)


@given(TOKENS, TOKENS, TOKENS, TOKENS, TOKENS)
def test_usage_comes_back_the_same(
    sent: int, cached: int, made: int, short: int, long: int
) -> None:
    other = {"cache_write_5m": short, "cache_write_1h": long}
    figures = Usage(sent, cached, made, made // 2, other={k: v for k, v in other.items() if v})
    assert parse(usage.render(figures)) == figures


def test_no_token_of_another_vendor_is_lost() -> None:
    other = {"audio_input": 1, "cached_audio_input": 2, "image_output": 4, "audio_output": 8}
    assert parse(usage.render(Usage(10, 20, 30, other=other))) == Usage(11, 22, 42)


def running(*objects: Any) -> Usage | None:
    figures = usage.Running()
    for given_ in objects:
        figures.add(msgspec.json.encode(given_))
    return figures.usage


def test_the_end_of_a_stream_completes_its_beginning() -> None:
    written = {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 7}
    begin = {
        "input_tokens": 25,
        "cache_creation_input_tokens": 7,
        "cache_creation": written,
        "output_tokens": 1,
    }
    expected = Usage(25, 0, 15, other={"cache_write_1h": 7})
    assert running(begin, {"output_tokens": 15}) == expected
    assert running(begin, {"output_tokens": 15, "input_tokens": 0}) == expected


def test_the_end_of_a_stream_corrects_its_beginning() -> None:
    begin = {"input_tokens": 0, "output_tokens": 0}
    assert running(begin, {"input_tokens": 12, "output_tokens": 15}) == Usage(12, 0, 15)


def test_nonsense_in_the_end_spoils_the_beginning() -> None:
    assert running({"input_tokens": 1, "output_tokens": 1}, {"output_tokens": "many"}) is None
