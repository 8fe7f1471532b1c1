"""The usage objects of OpenAI's endpoints, from what was counted. Pure."""

from typing import Any

import msgspec

from devstack.demo_upstream.counts import (
    AUDIO_INPUT,
    AUDIO_OUTPUT,
    CACHE_WRITE_1H,
    CACHE_WRITE_5M,
    CACHED_AUDIO_INPUT,
    Counts,
)


def chat_usage(counts: Counts, *, is_empty: bool = False) -> bytes:
    """`usage` of chat completions: cached, audio and reasoning tokens are inside their sums."""
    completion = 0 if is_empty else counts.completion_tokens
    prompt = counts.prompt_tokens
    usage: dict[str, Any] = {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {
            "cached_tokens": counts.cached_tokens,
            "audio_tokens": counts[AUDIO_INPUT] + counts[CACHED_AUDIO_INPUT],
        },
        "completion_tokens_details": {
            "reasoning_tokens": 0 if is_empty else counts.reasoning_tokens,
            "audio_tokens": 0 if is_empty else counts[AUDIO_OUTPUT],
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }
    written = counts[CACHE_WRITE_5M] + counts[CACHE_WRITE_1H]
    if written:
        usage["prompt_tokens_details"]["cache_write_tokens"] = written
    return msgspec.json.encode(usage)
