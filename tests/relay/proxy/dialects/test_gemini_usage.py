"""Google counts cached tokens inside and thoughts beside; our buckets say the same."""

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from relay.proxy.dialects.gemini import usage
from relay.proxy.types import Usage

COUNTS = st.integers(0, 10**6)
OTHER = ("audio_input", "cached_audio_input", "image_input", "audio_output", "image_output")


def parse(**given: Any) -> Usage | None:
    """The usageMetadata read."""
    return usage.parse(msgspec.json.encode(given))


def test_the_published_example() -> None:
    # Gemini API, "Text generation", read 2026-11.
    given = {
        "promptTokenCount": 8,
        "candidatesTokenCount": 1132,
        "totalTokenCount": 2326,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 8}],
        "thoughtsTokenCount": 1186,
    }
    assert parse(**given) == Usage(input_tokens=8, output_tokens=2318, reasoning_tokens=1186)


def test_every_token_is_in_one_bucket() -> None:
    found = parse(
        promptTokenCount=100,
        cachedContentTokenCount=40,
        candidatesTokenCount=50,
        toolUsePromptTokenCount=7,
        promptTokensDetails=[
            {"modality": "TEXT", "tokenCount": 60},
            {"modality": "AUDIO", "tokenCount": 30},
            {"modality": "IMAGE", "tokenCount": 10},
        ],
        cacheTokensDetails=[
            {"modality": "TEXT", "tokenCount": 20},
            {"modality": "AUDIO", "tokenCount": 20},
        ],
        candidatesTokensDetails=[{"modality": "IMAGE", "tokenCount": 45}],
    )
    assert found == Usage(
        input_tokens=47,
        cached_input_tokens=20,
        output_tokens=5,
        other={
            "audio_input": 10,
            "cached_audio_input": 20,
            "image_input": 10,
            "image_output": 45,
        },
    )


def test_zeros_are_left_out_on_the_wire() -> None:
    assert parse(promptTokenCount=3) == Usage(input_tokens=3)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"promptTokenCount": -1},
        {"promptTokenCount": "1"},
        {"promptTokenCount": 1, "cachedContentTokenCount": 2},
        {"promptTokenCount": 1, "candidatesTokenCount": -5},
        {"promptTokenCount": 1, "thoughtsTokenCount": -5},
        {"promptTokenCount": 1, "promptTokensDetails": [{"modality": "AUDIO", "tokenCount": 2}]},
        {
            "promptTokenCount": 9,
            "cachedContentTokenCount": 5,
            "cacheTokensDetails": [{"modality": "AUDIO", "tokenCount": 5}],
        },
        {
            "promptTokenCount": 1,
            "candidatesTokensDetails": [{"modality": "AUDIO", "tokenCount": 1}],
        },
    ],
)
def test_nonsense_is_no_usage(given: dict[str, Any]) -> None:
    assert parse(**given) is None


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        lambda figures, thoughts: Usage(
            input_tokens=figures[0],
            cached_input_tokens=figures[1],
            output_tokens=figures[2] + thoughts,
            reasoning_tokens=thoughts,
            other=figures[3],
        ),
        st.tuples(
            COUNTS,
            COUNTS,
            COUNTS,
            st.dictionaries(st.sampled_from(OTHER), st.integers(1, 10**6)),
        ),
        COUNTS,
    )
)
def test_what_is_written_reads_as_the_same(figures: Usage) -> None:
    assert usage.parse(msgspec.json.encode(usage.render(figures))) == figures


def test_what_was_written_to_a_cache_is_part_of_the_prompt() -> None:
    written = usage.render(Usage(input_tokens=1, other={"cache_write_5m": 4, "cache_write_1h": 5}))
    assert (written["promptTokenCount"], written["totalTokenCount"]) == (10, 10)
