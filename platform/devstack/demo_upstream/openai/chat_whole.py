"""A whole answer as the bytes of one `chat.completion` object. Pure; sends nothing."""

from typing import Any

import msgspec

from devstack.demo_upstream import logprobs
from devstack.demo_upstream.compose import Choice
from devstack.demo_upstream.openai.chat_request import ChatRequest
from devstack.demo_upstream.openai.spoken import spoken
from devstack.demo_upstream.reply import Stamp

FINGERPRINT = "demo"


def head(stamp: Stamp) -> bytes:
    """The part of the object that differs between two equal requests."""
    suffix = stamp.suffix.encode()
    return b'{"id":"chatcmpl-%b","object":"chat.completion","created":%d' % (suffix, stamp.created)


def tail(request: ChatRequest, choices: tuple[Choice, ...], usage: bytes | None) -> bytes:
    """The rest of the object."""
    shown = msgspec.json.encode([_choice(choice, request) for choice in choices])
    parts = [b',"model":', msgspec.json.encode(request.model), b',"choices":', shown]
    if usage is not None:
        parts += [b',"usage":', usage]
    parts.append(b',"service_tier":"default","system_fingerprint":"%b"}' % FINGERPRINT.encode())
    return b"".join(parts)


def _choice(choice: Choice, request: ChatRequest) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": choice.text(), "refusal": None}
    message["annotations"] = []
    if choice.finish == "refusal":
        message["content"], message["refusal"] = None, choice.text()
    if choice.tool_calls:
        message["content"] = None
        message["tool_calls"] = [
            {
                "id": f"call_demo_{call.digest}",
                "type": "function",
                "function": {"name": call.name, "arguments": call.arguments()},
            }
            for call in choice.tool_calls
        ]
    elif request.wants_audio():
        message["content"], message["audio"] = None, spoken(choice.text())
    return {
        "index": choice.index,
        "message": message,
        "logprobs": _logprobs(choice, request.top_count()),
        "finish_reason": finish_reason(choice),
    }


def finish_reason(choice: Choice) -> str:
    """OpenAI has no reason for a refusal: it is an ordinary end."""
    return "stop" if choice.finish == "refusal" else choice.finish


def _logprobs(choice: Choice, top_count: int | None) -> dict[str, Any] | None:
    if top_count is None or choice.tool_calls:
        return None
    content = [logprobs.entry(piece, top_count) for piece in choice.pieces]
    return {"content": content, "refusal": None}
