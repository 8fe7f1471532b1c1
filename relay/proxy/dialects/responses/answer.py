"""A whole response, read into events (`parse`) and written from them (`render`)."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import msgspec

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.decoding import is_given
from relay.proxy.dialects.events import Event, Label, TokenLogprob
from relay.proxy.dialects.logprobs import logprobs_of
from relay.proxy.dialects.responses import answer_fields, output, reasons, thoughts, usage
from relay.proxy.dialects.responses.request_out import tool_bodies, tool_choice_body
from relay.proxy.dialects.whole import AnswerPart, Choice, Whole, gather, spread

_Json = dict[str, Any]
_ENDED = ("completed", "incomplete")


def parse(body: bytes) -> list[Event]:
    """The events of an answer. Raises ValueError when it is none."""
    try:
        given = answer_fields.decoder.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError("not a response") from error
    if given.status not in _ENDED or given.output is None or is_given(given.error):
        raise ValueError("not a response")
    parts: list[AnswerPart] = []
    logprobs: list[TokenLogprob] = []
    for item in given.output:
        _read_item(item, parts, logprobs)
    choice = Choice(parts, logprobs=tuple(logprobs) or None)
    choice.reason = reasons.parse(
        incomplete_reason(given), has_tools=bool(choice.tools), has_refusal=bool(choice.refusal)
    )
    figures = usage.parse(given.usage) if is_given(given.usage) else None
    return spread(Whole(given.id, given.model, int(given.created_at), [choice], figures))


def incomplete_reason(given: answer_fields.Response) -> str | None:
    """Why a response is incomplete; None for a completed one."""
    if given.status != "incomplete":
        return None
    return (given.incomplete_details and given.incomplete_details.reason) or ""


def _read_item(
    item: answer_fields.Item, parts: list[AnswerPart], logprobs: list[TokenLogprob]
) -> None:
    match item.type:
        case "message":
            parts += _message(item, logprobs)
        case "function_call":
            parts.append(cv.ToolUse(item.call_id, item.name, item.arguments))
        case "reasoning":
            thought = thought_of(item)
            if not isinstance(thought, str):
                parts.append(thought)
            elif parts and isinstance(call := parts[-1], cv.ToolUse):
                parts[-1] = replace(call, signature=thought, origin="gemini")
        case "image_generation_call" if item.result:
            parts.append(cv.Image(data=item.result, media_type="image/png"))


def thought_of(item: answer_fields.Item) -> thoughts.Thought | str:
    """A reasoning item's thought, or the signature of the call before it."""
    text = "\n\n".join([piece.text for piece in item.summary or item.content or []])
    return thoughts.parse(id=item.id, text=text, encrypted=item.encrypted_content or "")


def _message(item: answer_fields.Item, logprobs: list[TokenLogprob]) -> Iterator[AnswerPart]:
    for content in item.content or []:
        if content.type == "refusal":
            yield cv.Refusal(content.refusal)
        else:
            logprobs += logprobs_of(content.logprobs or [])
            yield cv.Text(content.text)


def render(events: Iterable[Event], label: Label) -> bytes:
    """The body for the client."""
    return msgspec.json.encode(response_of(gather(events), label))


def response_of(whole: Whole, label: Label) -> _Json:
    """The response object of an answer that has ended."""
    choice = whole.choices[0] if whole.choices else Choice()
    incomplete = reasons.render(choice.reason, has_refusal=bool(choice.refusal))
    return {
        **beginning_of(label),
        "status": "completed" if incomplete is None else "incomplete",
        "incomplete_details": None if incomplete is None else {"reason": incomplete},
        "output": output.items_of(choice.parts, label.id, choice.logprobs or ()),
        "usage": None if whole.usage is None else usage.render(whole.usage),
    }


def beginning_of(label: Label) -> _Json:
    """The response object of an answer that begins: it repeats what was asked."""
    asked = label.conversation
    reasoning = asked.reasoning or cv.Reasoning()
    return {
        "id": f"resp_{label.id}",
        "object": "response",
        "created_at": label.created,
        "status": "in_progress",
        "background": False,
        "error": None,
        "incomplete_details": None,
        "instructions": "\n\n".join([text.text for text in asked.system]) or None,
        "max_output_tokens": asked.output_tokens_max,
        "metadata": dict(asked.metadata),
        "model": label.model,
        "output": [],
        "parallel_tool_calls": asked.parallel_tools is not False,
        "previous_response_id": None,
        "reasoning": {"effort": reasoning.effort, "summary": reasoning.summary},
        "store": bool(asked.store),
        "temperature": asked.temperature,
        "text": {"format": {"type": "text"}},
        "tool_choice": tool_choice_body(asked),
        "tools": tool_bodies(asked),
        "top_p": asked.top_p,
        "truncation": "disabled",
        "usage": None,
    }
