"""The usage object of an answer, honest or spoilt by a fault. Pure."""

from typing import Any

import msgspec

from devstack.demo_upstream.directives import Fault
from devstack.demo_upstream.plan import Plan

ABSURD_TOKENS = 10**15  # no model has said as much; a relay must not believe it


def usage_json(plan: Plan, fault: Fault | None) -> bytes | None:
    """The usage as JSON; None when the fault is to send none."""
    if fault is Fault.NO_USAGE:
        return None
    prompt, completion = plan.prompt_tokens, plan.completion_tokens
    if fault is Fault.NAN_USAGE:  # not JSON at all, though many parsers take it
        return b'{"prompt_tokens":NaN,"completion_tokens":NaN,"total_tokens":NaN}'
    if fault is Fault.FLOAT_USAGE:
        spoilt = (prompt + 0.5, completion + 0.5, prompt + completion + 1.0)
        names = ("prompt_tokens", "completion_tokens", "total_tokens")
        return msgspec.json.encode(dict(zip(names, spoilt, strict=True)))
    if fault is Fault.NEGATIVE_USAGE:
        prompt, completion = -max(prompt, 1), -max(completion, 1)
    elif fault is Fault.ABSURD_USAGE:
        prompt = completion = ABSURD_TOKENS
    elif fault is Fault.EMPTY:
        completion = 0
    return msgspec.json.encode(_usage(prompt, completion, plan.cached_tokens))


def _usage(prompt: int, completion: int, cached: int) -> dict[str, Any]:
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
        "prompt_tokens_details": {"cached_tokens": cached, "audio_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
    }
