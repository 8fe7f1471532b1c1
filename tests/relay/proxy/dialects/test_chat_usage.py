"""OpenAI counts inside; our buckets are beside each other, and say the same."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.proxy.dialects.chat import usage
from relay.proxy.types import Usage

# OpenAI API reference, "The chat completion object" and "Prompt caching", read 2026-11.
PUBLISHED = {
    "prompt_tokens": 2006,
    "completion_tokens": 300,
    "total_tokens": 2306,
    "prompt_tokens_details": {"cached_tokens": 1920, "audio_tokens": 0},
    "completion_tokens_details": {
        "reasoning_tokens": 0,
        "audio_tokens": 0,
        "accepted_prediction_tokens": 0,
        "rejected_prediction_tokens": 0,
    },
}
COUNTS = st.integers(0, 10**6)
OTHER = ("cache_write_5m", "audio_input", "audio_output", "image_output")


def parse(given: dict[str, Any]) -> Usage | None:
    """The usage object read."""
    return usage.parse(msgspec.json.encode(given))


def test_the_published_example() -> None:
    assert parse(PUBLISHED) == Usage(input_tokens=86, cached_input_tokens=1920, output_tokens=300)


def test_every_token_is_in_one_bucket() -> None:
    given = {
        "prompt_tokens": 100,
        "completion_tokens": 50,
        "prompt_tokens_details": {
            "cached_tokens": 40,
            "audio_tokens": 20,
            "cache_write_tokens": 10,
        },
        "completion_tokens_details": {"reasoning_tokens": 5, "audio_tokens": 30},
    }
    assert parse(given) == Usage(
        input_tokens=30,
        cached_input_tokens=40,
        output_tokens=20,
        reasoning_tokens=5,
        other={"cache_write_5m": 10, "audio_input": 20, "audio_output": 30},
    )


def test_cached_audio_is_counted_once() -> None:
    given = {
        "prompt_tokens": 100,
        "completion_tokens": 0,
        "prompt_tokens_details": {"cached_tokens": 80, "audio_tokens": 50},
    }
    assert parse(given) == Usage(cached_input_tokens=80, other={"audio_input": 20})


def test_deepseek_names_its_cache_hits_otherwise() -> None:
    given = {"prompt_tokens": 10, "completion_tokens": 1, "prompt_cache_hit_tokens": 4}
    assert parse(given) == Usage(input_tokens=6, cached_input_tokens=4, output_tokens=1)


@pytest.mark.parametrize(
    "given",
    [
        {"prompt_tokens": -1, "completion_tokens": 0},
        {"prompt_tokens": 1},
        {"prompt_tokens": "1", "completion_tokens": 0},
        {"prompt_tokens": 1, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 2}},
        {"prompt_tokens": 1, "completion_tokens": 0, "prompt_tokens_details": {"audio_tokens": 2}},
        {
            "prompt_tokens": 0,
            "completion_tokens": 1,
            "completion_tokens_details": {"reasoning_tokens": 2},
        },
        {
            "prompt_tokens": 0,
            "completion_tokens": 1,
            "completion_tokens_details": {"audio_tokens": -2},
        },
    ],
)
def test_nonsense_is_no_usage(given: dict[str, Any]) -> None:
    assert parse(given) is None


@settings(max_examples=50, deadline=None)
@given(
    st.builds(
        Usage,
        input_tokens=COUNTS,
        cached_input_tokens=COUNTS,
        output_tokens=COUNTS,
        other=st.dictionaries(st.sampled_from(OTHER), st.integers(1, 10**6)),
    )
)
def test_what_is_written_reads_as_the_same(figures: Usage) -> None:
    assert parse(usage.render(figures)) == figures


def test_caches_of_both_lengths_and_cached_audio_add_up() -> None:
    figures = Usage(
        input_tokens=1,
        cached_input_tokens=2,
        output_tokens=3,
        other={"cache_write_5m": 4, "cache_write_1h": 5, "cached_audio_input": 6},
    )
    written = usage.render(figures)
    assert (written["prompt_tokens"], written["total_tokens"]) == (18, 21)
    assert written["prompt_tokens_details"] == {
        "cached_tokens": 8,
        "audio_tokens": 6,
        "cache_write_tokens": 9,
    }
