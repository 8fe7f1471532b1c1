"""OpenAI's chat usage object and Usage, both ways.

OpenAI counts everything inside: cached, audio and written-to-cache tokens in prompt_tokens,
reasoning and audio in completion_tokens. Sources: OpenAI API reference, "The chat completion
object"; DeepSeek, "Context caching" (`prompt_cache_hit_tokens`); OpenRouter, "Usage accounting"
(`cache_write_tokens`); all read 2026-11.
"""

from typing import Any

import msgspec

from relay.proxy.types import Usage


class _Prompt(msgspec.Struct):
    cached_tokens: int | None = None
    audio_tokens: int | None = None
    cache_write_tokens: int | None = None


class _Completion(msgspec.Struct):
    reasoning_tokens: int | None = None
    audio_tokens: int | None = None
    image_tokens: int | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int
    completion_tokens: int
    prompt_tokens_details: _Prompt | None = None
    completion_tokens_details: _Completion | None = None
    prompt_cache_hit_tokens: int | None = None


_usage = msgspec.json.Decoder(_Usage)

# What prompt_tokens and completion_tokens hold beside the plain buckets.
_INPUT = ("cache_write_5m", "cache_write_1h", "audio_input", "cached_audio_input", "image_input")
_OUTPUT = ("audio_output", "image_output")


def parse(raw: bytes | msgspec.Raw) -> Usage | None:
    """The usage object in disjoint buckets; None when it makes no sense."""
    try:
        given = _usage.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None
    prompt = given.prompt_tokens_details or _Prompt()
    completion = given.completion_tokens_details or _Completion()
    cached = prompt.cached_tokens or given.prompt_cache_hit_tokens or 0
    written, heard = prompt.cache_write_tokens or 0, prompt.audio_tokens or 0
    spoken, drawn = completion.audio_tokens or 0, completion.image_tokens or 0
    reasoning = completion.reasoning_tokens or 0
    figures = (given.prompt_tokens, given.completion_tokens, cached, written, heard)
    if min(*figures, spoken, drawn, reasoning) < 0:
        return None
    if max(cached + written, heard) > given.prompt_tokens:
        return None
    if max(spoken + drawn, reasoning) > given.completion_tokens:
        return None
    # Cached audio is counted under both heads; it is cheaper as cached.
    heard = min(heard, given.prompt_tokens - cached - written)
    other = {
        "cache_write_5m": written,
        "audio_input": heard,
        "audio_output": spoken,
        "image_output": drawn,
    }
    return Usage(
        input_tokens=given.prompt_tokens - cached - written - heard,
        cached_input_tokens=cached,
        output_tokens=given.completion_tokens - spoken - drawn,
        reasoning_tokens=reasoning,
        other={name: count for name, count in other.items() if count},
    )


def prompt_tokens(usage: Usage) -> int:
    """All that went in, as OpenAI counts it."""
    plain = usage.input_tokens + usage.cached_input_tokens
    return plain + sum(usage.other.get(name, 0) for name in _INPUT)


def completion_tokens(usage: Usage) -> int:
    """All that came out, as OpenAI counts it."""
    return usage.output_tokens + sum(usage.other.get(name, 0) for name in _OUTPUT)


def render(usage: Usage) -> dict[str, Any]:
    """The usage object that says the same."""
    other = usage.other
    written = other.get("cache_write_5m", 0) + other.get("cache_write_1h", 0)
    cached_audio = other.get("cached_audio_input", 0)
    heard = other.get("audio_input", 0) + cached_audio
    sent, made = prompt_tokens(usage), completion_tokens(usage)
    return {
        "prompt_tokens": sent,
        "completion_tokens": made,
        "total_tokens": sent + made,
        "prompt_tokens_details": {
            "cached_tokens": usage.cached_input_tokens + cached_audio,
            "audio_tokens": heard,
            **({"cache_write_tokens": written} if written else {}),
        },
        "completion_tokens_details": {
            "reasoning_tokens": usage.reasoning_tokens,
            "audio_tokens": other.get("audio_output", 0),
            **({"image_tokens": other["image_output"]} if "image_output" in other else {}),
        },
    }
