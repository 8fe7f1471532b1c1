"""Google's usageMetadata and Usage, both ways.

Cached tokens are inside promptTokenCount; thoughts are beside candidatesTokenCount, and what
tools at Google read is beside both. Each has details by modality. Zeros are left out, as in all
of protobuf's JSON. Source: Gemini API reference, "UsageMetadata", read 2026-11.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from relay.proxy.types import Usage


class _Detail(msgspec.Struct, rename="camel"):
    modality: str = ""
    token_count: int = 0


class _Usage(msgspec.Struct, rename="camel"):
    prompt_token_count: int | None = None
    cached_content_token_count: int | None = None
    candidates_token_count: int | None = None
    thoughts_token_count: int | None = None
    tool_use_prompt_token_count: int | None = None
    prompt_tokens_details: list[_Detail] | None = None
    cache_tokens_details: list[_Detail] | None = None
    candidates_tokens_details: list[_Detail] | None = None


_usage = msgspec.json.Decoder(_Usage)


def parse(raw: bytes | msgspec.Raw) -> Usage | None:
    """The usage object in disjoint buckets; None when it makes no sense."""
    try:
        given = _usage.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None
    if given.prompt_token_count is None:
        return None
    prompt, cached = given.prompt_token_count, given.cached_content_token_count or 0
    answer, thoughts = given.candidates_token_count or 0, given.thoughts_token_count or 0
    by_tools = given.tool_use_prompt_token_count or 0
    heard, seen = _counts(given.prompt_tokens_details, "AUDIO", "IMAGE")
    heard_cached, seen_cached = _counts(given.cache_tokens_details, "AUDIO", "IMAGE")
    spoken, drawn = _counts(given.candidates_tokens_details, "AUDIO", "IMAGE")
    figures = (prompt, cached, answer, thoughts, by_tools, heard, seen, heard_cached, seen_cached)
    if min(*figures, spoken, drawn) < 0 or spoken + drawn > answer:
        return None
    if cached > prompt or heard + seen > prompt or heard_cached + seen_cached > cached:
        return None
    if heard_cached > heard or seen_cached > seen:
        return None
    heard, seen = heard - heard_cached, seen - seen_cached
    if heard + seen > prompt - cached:
        return None
    other = {
        "audio_input": heard,
        "cached_audio_input": heard_cached,
        "image_input": seen,
        "audio_output": spoken,
        "image_output": drawn,
    }
    return Usage(
        input_tokens=prompt - cached - heard - seen + by_tools,
        cached_input_tokens=cached - heard_cached,
        output_tokens=answer + thoughts - spoken - drawn,
        reasoning_tokens=thoughts,
        other={name: count for name, count in other.items() if count},
    )


def _counts(details: Iterable[_Detail] | None, *modalities: str) -> list[int]:
    """How many tokens are of each modality."""
    given = list(details or ())
    return [sum(d.token_count for d in given if d.modality == name) for name in modalities]


def render(usage: Usage) -> dict[str, Any]:
    """The usageMetadata that says the same. Writing to caches, which Google sells otherwise, is
    part of the prompt here."""
    other = usage.other
    written = other.get("cache_write_5m", 0) + other.get("cache_write_1h", 0)
    heard_cached = other.get("cached_audio_input", 0)
    cached = usage.cached_input_tokens + heard_cached
    heard, seen = other.get("audio_input", 0) + heard_cached, other.get("image_input", 0)
    prompt = usage.input_tokens + written + cached + other.get("audio_input", 0) + seen
    spoken, drawn = other.get("audio_output", 0), other.get("image_output", 0)
    answer = usage.output_tokens - usage.reasoning_tokens + spoken + drawn
    said: dict[str, Any] = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": answer,
        "totalTokenCount": prompt + answer + usage.reasoning_tokens,
        "promptTokensDetails": _details(prompt - heard - seen, heard, seen),
    }
    if cached:
        said["cachedContentTokenCount"] = cached
        said["cacheTokensDetails"] = _details(cached - heard_cached, heard_cached, 0)
    if spoken or drawn:
        said["candidatesTokensDetails"] = _details(answer - spoken - drawn, spoken, drawn)
    if usage.reasoning_tokens:
        said["thoughtsTokenCount"] = usage.reasoning_tokens
    return said


def _details(text: int, audio: int, image: int) -> list[dict[str, Any]]:
    counts = {"TEXT": text, "AUDIO": audio, "IMAGE": image}
    return [{"modality": name, "tokenCount": count} for name, count in counts.items() if count]
