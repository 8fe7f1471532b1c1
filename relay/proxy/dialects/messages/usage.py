"""Anthropic's usage object and Usage, both ways.

Anthropic counts what was written to the cache and read from it beside `input_tokens`, and thinking
inside `output_tokens`. A stream tells the input first (`message_start`) and all figures, as they
stand by then, with its end (`message_delta`). Sources: Anthropic API reference, "Create a
Message"; "Prompt caching"; "Streaming Messages"; all read 2026-11.
"""

from typing import Any

import msgspec

from relay.proxy.types import Usage


class _Written(msgspec.Struct):
    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None


class _Output(msgspec.Struct):
    thinking_tokens: int | None = None


class _Figures(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation: _Written | None = None
    output_tokens_details: _Output | None = None


_figures = msgspec.json.Decoder(_Figures)

# Where the buckets of other vendors belong in an object that does not know them.
_INPUT = ("audio_input", "image_input")
_OUTPUT = ("audio_output", "image_output")


def parse(raw: bytes | msgspec.Raw) -> Usage | None:
    """The usage object in disjoint buckets; None when it makes no sense."""
    figures = _decoded(raw)
    return None if figures is None else _usage_of(figures)


class Running:
    """The figures of a stream, put together from the objects that come with its events."""

    __slots__ = ("_figures", "_is_broken")

    def __init__(self) -> None:
        self._figures = _Figures()
        self._is_broken = False  # once nonsense came, what came before is too little

    def add(self, raw: bytes | msgspec.Raw) -> None:
        """Take note of a usage object. Later figures win, but for a 0 that was once more: some
        vendors leave out in the end what they told in the beginning."""
        given = _decoded(raw)
        if given is None:
            self._is_broken = True
            return
        for name in _Figures.__struct_fields__:
            value = getattr(given, name)
            if value or getattr(self._figures, name) is None:
                setattr(self._figures, name, value)

    @property
    def usage(self) -> Usage | None:
        """All that is known; None when it makes no sense."""
        return None if self._is_broken else _usage_of(self._figures)


def render(usage: Usage) -> dict[str, Any]:
    """The usage object that says the same; buckets that Anthropic does not know are in its own."""
    other = usage.other
    short, long = other.get("cache_write_5m", 0), other.get("cache_write_1h", 0)
    body: dict[str, Any] = {
        "input_tokens": usage.input_tokens + sum(other.get(name, 0) for name in _INPUT),
        "cache_creation_input_tokens": short + long,
        "cache_read_input_tokens": usage.cached_input_tokens + other.get("cached_audio_input", 0),
        "cache_creation": {
            "ephemeral_5m_input_tokens": short,
            "ephemeral_1h_input_tokens": long,
        },
        "output_tokens": usage.output_tokens + sum(other.get(name, 0) for name in _OUTPUT),
    }
    if usage.reasoning_tokens:
        body["output_tokens_details"] = {"thinking_tokens": usage.reasoning_tokens}
    return body


def _decoded(raw: bytes | msgspec.Raw) -> _Figures | None:
    try:
        return _figures.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None


def _usage_of(given: _Figures) -> Usage | None:
    if given.input_tokens is None or given.output_tokens is None:
        return None
    sent, made = given.input_tokens or 0, given.output_tokens or 0
    cached, written = given.cache_read_input_tokens or 0, given.cache_creation_input_tokens or 0
    split = given.cache_creation or _Written()
    long, short = split.ephemeral_1h_input_tokens or 0, split.ephemeral_5m_input_tokens or 0
    written = written or long + short
    thinking = (given.output_tokens_details or _Output()).thinking_tokens or 0
    if min(sent, made, cached, written, long, short, thinking) < 0:
        return None
    if long > written or thinking > made:
        return None
    other = {"cache_write_5m": written - long, "cache_write_1h": long}
    return Usage(
        input_tokens=sent,
        cached_input_tokens=cached,
        output_tokens=made,
        reasoning_tokens=thinking,
        other={name: count for name, count in other.items() if count},
    )
