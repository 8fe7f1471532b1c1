"""The output items of a response, and the Response object around them. Pure.

Source: OpenAI API reference, "The response object", read 2026-11.
"""

from typing import Any

import msgspec

from devstack.demo_upstream import logprobs
from devstack.demo_upstream.compose import LENGTH, Choice, ToolCall
from devstack.demo_upstream.counts import CACHE_WRITE_1H, CACHE_WRITE_5M, Counts
from devstack.demo_upstream.reply import Stamp
from devstack.demo_upstream.responses.items import Item
from devstack.demo_upstream.responses.request import ENCRYPTED, LOGPROBS, ResponsesRequest
from devstack.demo_upstream.responses.thoughts import encrypt


def output(request: ResponsesRequest, choice: Choice, stamp: Stamp) -> list[Item]:
    """The finished items, in the order in which a stream has them."""
    items: list[Item] = []
    status = "incomplete" if choice.finish == LENGTH else "completed"
    if choice.thoughts:
        items.append(_reasoning(request, choice, stamp))
    if choice.pieces:
        part = text_part(choice, _top_count(request))
        items.append(message(stamp, status, [part]))
    items += [function_call(call, status, call.arguments()) for call in choice.tool_calls]
    return items


def _reasoning(request: ResponsesRequest, choice: Choice, stamp: Stamp) -> Item:
    thought = choice.thought()
    summary = [{"type": "summary_text", "text": thought}] if request.shows_summary() else []
    item: Item = {"id": f"rs_{stamp.suffix}", "type": "reasoning", "summary": summary}
    if ENCRYPTED in (request.include or ()):
        item["encrypted_content"] = encrypt(thought)
    return item


def message(stamp: Stamp, status: str, content: list[Item]) -> Item:
    """The item of what the model says."""
    return {
        "id": f"msg_{stamp.suffix}",
        "type": "message",
        "status": status,
        "role": "assistant",
        "content": content,
    }


def text_part(choice: Choice, top_count: int | None) -> Item:
    """The part of the text, or of the refusal."""
    if choice.finish == "refusal":
        return {"type": "refusal", "refusal": choice.text()}
    entries = [] if top_count is None else [logprobs.entry(p, top_count) for p in choice.pieces]
    return {"type": "output_text", "annotations": [], "logprobs": entries, "text": choice.text()}


def function_call(call: ToolCall, status: str, arguments: str) -> Item:
    """The item of a call."""
    return {
        "id": f"fc_demo_{call.digest}",
        "type": "function_call",
        "status": status,
        "arguments": arguments,
        "call_id": f"call_demo_{call.digest}",
        "name": call.name,
    }


def _top_count(request: ResponsesRequest) -> int | None:
    if request.top_logprobs is None and LOGPROBS not in (request.include or ()):
        return None
    return request.top_logprobs or 0


def response(request: ResponsesRequest, stamp: Stamp, status: str) -> dict[str, Any]:
    """The Response object before there is output."""
    reasoning, text = request.reasoning, request.text
    form = text.format if text is not None and text.format is not None else None
    return {
        "id": f"resp_{stamp.suffix}",
        "object": "response",
        "created_at": stamp.created,
        "status": status,
        "background": bool(request.background),
        "error": None,
        "incomplete_details": None,
        "instructions": request.instructions,
        "max_output_tokens": request.max_output_tokens,
        "max_tool_calls": request.max_tool_calls,
        "model": request.model,
        "output": [],
        "parallel_tool_calls": request.parallel_tool_calls is not False,
        "previous_response_id": request.previous_response_id,
        "prompt_cache_key": request.prompt_cache_key,
        "reasoning": {
            "effort": reasoning.effort if reasoning is not None else None,
            "summary": reasoning.summary if reasoning is not None else None,
        },
        "safety_identifier": request.safety_identifier,
        "service_tier": "default",
        "store": request.store is not False,
        "temperature": 1.0 if request.temperature is None else request.temperature,
        "text": {
            "format": {"type": "text"} if form is None else form,
            "verbosity": (text and text.verbosity) or "medium",
        },
        "tool_choice": request.tool_choice or "auto",
        "tools": request.tools or [],
        "top_logprobs": request.top_logprobs or 0,
        "top_p": 1.0 if request.top_p is None else request.top_p,
        "truncation": request.truncation or "disabled",
        "usage": None,
        "user": request.user,
        "metadata": request.metadata or {},
    }


def usage(counts: Counts, *, is_empty: bool) -> bytes:
    """`usage` as Responses have it: cached and reasoning tokens are inside their sums."""
    completion = 0 if is_empty else counts.completion_tokens
    written = counts[CACHE_WRITE_5M] + counts[CACHE_WRITE_1H]
    return msgspec.json.encode(
        {
            "input_tokens": counts.prompt_tokens,
            "input_tokens_details": {
                "cached_tokens": counts.cached_tokens,
                "cache_write_tokens": written,
            },
            "output_tokens": completion,
            "output_tokens_details": {
                "reasoning_tokens": 0 if is_empty else counts.reasoning_tokens
            },
            "total_tokens": counts.prompt_tokens + completion,
        }
    )
