"""Usage as Anthropic tells it: cached tokens stand beside `input_tokens`, not in it. Pure."""

from typing import Any

import msgspec

from devstack.demo_upstream.counts import CACHE_WRITE_1H, CACHE_WRITE_5M, Counts


def whole_usage(counts: Counts, *, output_tokens: int) -> bytes:
    """`usage` of a message, and of `message_start` (where the output is still to come)."""
    usage: dict[str, Any] = {
        **_prompt(counts),
        "cache_creation": {
            "ephemeral_5m_input_tokens": counts[CACHE_WRITE_5M],
            "ephemeral_1h_input_tokens": counts[CACHE_WRITE_1H],
        },
        **_output(counts, output_tokens),
        "service_tier": "standard",
    }
    return msgspec.json.encode(usage)


def last_usage(counts: Counts, *, output_tokens: int) -> bytes:
    """`usage` of `message_delta`: the sums of the whole message."""
    return msgspec.json.encode({**_prompt(counts), **_output(counts, output_tokens)})


def _output(counts: Counts, tokens: int) -> dict[str, Any]:
    if tokens < counts.reasoning_tokens or not counts.reasoning_tokens:
        return {"output_tokens": tokens}
    details = {"thinking_tokens": counts.reasoning_tokens}
    return {"output_tokens": tokens, "output_tokens_details": details}


def _prompt(counts: Counts) -> dict[str, int]:
    return {
        "input_tokens": counts.input_tokens,
        "cache_creation_input_tokens": counts[CACHE_WRITE_5M] + counts[CACHE_WRITE_1H],
        "cache_read_input_tokens": counts.cached_input_tokens,
    }
