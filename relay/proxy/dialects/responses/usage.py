"""OpenAI's responses usage object and Usage, both ways.

Cached tokens (and those written to a cache) are counted inside input_tokens, reasoning inside
output_tokens. Source: OpenAI API reference, "The response object", read 2026-11.
"""

from typing import Any

import msgspec

from relay.proxy.types import Usage


class _Input(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _Output(msgspec.Struct):
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct):
    input_tokens: int
    output_tokens: int
    input_tokens_details: _Input | None = None
    output_tokens_details: _Output | None = None


_usage = msgspec.json.Decoder(_Usage)

# What input_tokens and output_tokens hold beside the plain buckets.
_INPUT = ("cache_write_5m", "cache_write_1h", "audio_input", "cached_audio_input", "image_input")
_OUTPUT = ("audio_output", "image_output")


def parse(raw: bytes | msgspec.Raw) -> Usage | None:
    """The usage object in disjoint buckets; None when it makes no sense."""
    try:
        given = _usage.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None
    details = given.input_tokens_details or _Input()
    cached, written = details.cached_tokens or 0, details.cache_write_tokens or 0
    reasoning = (given.output_tokens_details or _Output()).reasoning_tokens or 0
    if min(given.input_tokens, given.output_tokens, cached, written, reasoning) < 0:
        return None
    if cached + written > given.input_tokens or reasoning > given.output_tokens:
        return None
    return Usage(
        input_tokens=given.input_tokens - cached - written,
        cached_input_tokens=cached,
        output_tokens=given.output_tokens,
        reasoning_tokens=reasoning,
        other={"cache_write_5m": written} if written else {},
    )


def render(usage: Usage) -> dict[str, Any]:
    """The usage object that says the same."""
    other = usage.other
    written = other.get("cache_write_5m", 0) + other.get("cache_write_1h", 0)
    cached = usage.cached_input_tokens + other.get("cached_audio_input", 0)
    plain = usage.input_tokens + usage.cached_input_tokens
    sent = plain + sum(other.get(name, 0) for name in _INPUT)
    made = usage.output_tokens + sum(other.get(name, 0) for name in _OUTPUT)
    return {
        "input_tokens": sent,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written},
        "output_tokens": made,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": sent + made,
    }
