"""A whole answer as the bytes of one `chat.completion` object. Pure; sends nothing."""

from typing import Any

import msgspec

from devstack.demo_upstream import logprobs
from devstack.demo_upstream.directives import Fault
from devstack.demo_upstream.plan import Choice, Plan
from devstack.demo_upstream.usage import usage_json

FINGERPRINT = "demo"


def head(call_id: bytes, created: int) -> bytes:
    """The part of the object that differs between two equal requests."""
    return b'{"id":"%b","object":"chat.completion","created":%d' % (call_id, created)


def tail(plan: Plan, fault: Fault | None = None) -> bytes:
    """The rest of the object, for an answer without `size`."""
    choices = [] if fault is Fault.EMPTY else [_choice(choice, plan) for choice in plan.choices]
    return _around(plan, msgspec.json.encode(choices), fault)


def big_tail(plan: Plan, fault: Fault | None = None) -> tuple[bytes, bytes]:
    """What stands before and after the filler of an answer of `size` bytes."""
    choices = msgspec.json.encode([_choice(choice, plan) for choice in plan.choices])
    opening, content, closing = choices.partition(b'"content":"')
    before, _, after = _around(plan, b"\0", fault).partition(b"\0")
    return before + opening + content, closing + after


def _around(plan: Plan, choices: bytes, fault: Fault | None) -> bytes:
    model = msgspec.json.encode(plan.request.model)
    parts = [b',"model":', model, b',"choices":', choices]
    usage = usage_json(plan, fault)
    if usage is not None:
        parts += [b',"usage":', usage]
    parts.append(b',"system_fingerprint":"%b"}' % FINGERPRINT.encode())
    return b"".join(parts)


def _choice(choice: Choice, plan: Plan) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": "".join(choice.pieces)}
    message["refusal"] = None
    if choice.tool_calls:
        message["content"] = None
        message["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": "".join(call.pieces)},
            }
            for call in choice.tool_calls
        ]
    return {
        "index": choice.index,
        "message": message,
        "logprobs": _logprobs(choice, plan.request.top_count()),
        "finish_reason": choice.finish_reason,
    }


def _logprobs(choice: Choice, top_count: int | None) -> dict[str, Any] | None:
    if top_count is None or choice.tool_calls:
        return None
    content = [logprobs.entry(piece, top_count) for piece in choice.pieces]
    return {"content": content, "refusal": None}
