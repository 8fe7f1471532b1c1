"""The usage of a Realtime response in disjoint buckets. OpenAI counts cached tokens inside those of
their kind. Source: OpenAI API reference, "Realtime server events: response.done", read 2026-11."""

import msgspec

from relay.proxy.types import Usage


class _Kinds(msgspec.Struct):
    text_tokens: int | None = None
    audio_tokens: int | None = None
    image_tokens: int | None = None


class _Input(_Kinds):
    cached_tokens: int | None = None
    cached_tokens_details: _Kinds | None = None


class _Usage(msgspec.Struct):
    input_tokens: int
    output_tokens: int
    input_token_details: _Input | None = None
    output_token_details: _Kinds | None = None


_usage = msgspec.json.Decoder(_Usage)


def parse(raw: bytes | msgspec.Raw) -> Usage | None:
    """The usage object as buckets; None when it makes no sense.

    Cached pictures have no bucket of their own: they count as cached text, as they cost.
    """
    try:
        given = _usage.decode(raw)
    except (msgspec.DecodeError, RecursionError):
        return None
    went_in = given.input_token_details or _Input()
    came_out = given.output_token_details or _Kinds()
    kept = went_in.cached_tokens_details or _Kinds()
    cached = went_in.cached_tokens or 0
    cached_audio, cached_image = kept.audio_tokens or 0, kept.image_tokens or 0
    heard, seen = (went_in.audio_tokens or 0) - cached_audio, went_in.image_tokens or 0
    seen -= cached_image
    spoken = came_out.audio_tokens or 0
    cached_input = cached - cached_audio
    plain = given.input_tokens - heard - seen - cached
    written = given.output_tokens - spoken
    figures = (cached_audio, cached_image, heard, seen, spoken, cached_input, plain, written)
    if min(figures) < 0 or cached_image > cached_input:
        return None
    other = {
        "audio_input": heard,
        "cached_audio_input": cached_audio,
        "image_input": seen,
        "audio_output": spoken,
    }
    return Usage(
        input_tokens=plain,
        cached_input_tokens=cached_input,
        output_tokens=written,
        other={name: count for name, count in other.items() if count},
    )
