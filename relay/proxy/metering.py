"""What a Call used: the upstream's figures where they make sense, else our own count, marked."""

from dataclasses import replace

from relay.proxy.estimate import tokens_of_texts
from relay.proxy.request import Whole
from relay.proxy.types import Call, Ending, Usage

# A chat template adds a few tokens a message that are not in the body's bytes.
TEMPLATE_TOKENS_MAX = 4_096
# The rarer buckets that hold tokens, which a model's context bounds as it does the others.
_INPUT_KINDS = (
    "cache_write_5m",
    "cache_write_1h",
    "audio_input",
    "cached_audio_input",
    "image_input",
)
_OUTPUT_KINDS = ("audio_output", "image_output")
# Sound that was sent may be longer than a context: vendors hear it piece by piece, and count 10 to
# 50 tokens a second (OpenAI's and Google's models, 2026-11).
AUDIO_TOKENS_PER_SECOND_MAX = 50


def of_answer(call: Call, whole: Whole) -> Usage:
    """Usage of a whole answer."""
    if whole.usage is not None and is_plausible(call, whole.usage):
        return _flagged(call, whole.usage)
    counted = whole.count() if whole.count is not None else tokens_of_texts(whole.body)
    return _estimated(call, counted)


def of_stream(call: Call, given: Usage | None, *, is_whole: bool) -> Usage | None:
    """Usage of a stream; None where it broke before any output: then nobody pays."""
    if not is_whole and not call.delivered_tokens:
        return None
    if given is not None and is_plausible(call, given):
        return _flagged(call, given)
    return _estimated(call, call.delivered_tokens)


def delivered(call: Call) -> Usage | None:
    """Usage of a Call that ended before its end: what was delivered, or None for nothing."""
    if call.usage is not None or not call.is_started:
        return call.usage
    if call.ending is Ending.CLIENT_LEFT or call.delivered_tokens:
        return _estimated(call, call.delivered_tokens)
    return None


def is_plausible(call: Call, usage: Usage) -> bool:
    """Whether the model can have used so much at all; beyond that a figure is an upstream's bug."""
    input_max = max(call.offer.context_tokens, call.input_tokens_bound) + TEMPLATE_TOKENS_MAX
    output_max = max(call.offer.context_tokens, call.offer.max_output_tokens) * call.choices
    input_max += call.units.get("seconds", 0) * AUDIO_TOKENS_PER_SECOND_MAX
    used, made = usage.input_tokens + usage.cached_input_tokens, usage.output_tokens
    if usage.other:
        used += sum(usage.other.get(name, 0) for name in _INPUT_KINDS)
        made += sum(usage.other.get(name, 0) for name in _OUTPUT_KINDS)
    return used <= input_max and made <= output_max


def with_public_model(call: Call, data: bytes) -> bytes:
    """Bytes of a stream with the upstream's own model name replaced by the one asked for."""
    if call.renaming is None and call.route is not None and call.route.renaming is not None:
        call.renaming = call.route.renaming.learned(data)
    return call.renaming.apply(data) if call.renaming is not None else data


def _flagged(call: Call, usage: Usage) -> Usage:
    """What is charged may be exact although tokens, which this price does not name, are not."""
    if usage.is_estimated and usage.counted and call.sold_by <= usage.counted:
        return replace(usage, is_estimated=False)
    return usage


def _estimated(call: Call, output_tokens: int) -> Usage:
    """Our own count of the output: never more than the caller could get."""
    cap = call.admission.output_tokens_cap if call.admission else call.output_tokens_cap
    output_tokens = min(output_tokens, cap)
    return Usage(
        input_tokens=call.input_tokens_guess,
        output_tokens=output_tokens,
        other=call.units_guess,
        is_estimated=True,
    )
