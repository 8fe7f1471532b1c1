"""The parts of an answer as output items: one item a part, and one more for a signed call."""

from collections.abc import Iterable
from typing import Any

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects.events import TokenLogprob
from relay.proxy.dialects.logprobs import logprobs_body
from relay.proxy.dialects.responses import thoughts
from relay.proxy.dialects.whole import AnswerPart

_Json = dict[str, Any]


def item_id(part: AnswerPart, answer_id: str, number: int) -> str:
    """The id of the part's item, the same in a stream and in the whole answer."""
    match part:
        case cv.Thinking() | cv.RedactedThinking():
            return part.id or f"rs_{answer_id}_{number}"
        case cv.ToolUse():
            return f"fc_{answer_id}_{number}"
        case cv.Image():
            return f"ig_{answer_id}_{number}"
    return f"msg_{answer_id}_{number}"


def content_of(part: AnswerPart, logprobs: Iterable[TokenLogprob] = ()) -> _Json:
    """The content of a message item."""
    if isinstance(part, cv.Refusal):
        return {"type": "refusal", "refusal": part.text}
    text = part.text if isinstance(part, cv.Text) else ""
    tokens = logprobs_body(logprobs)
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": tokens}


def item_of(
    part: AnswerPart,
    id_: str,
    *,
    is_done: bool = True,
    logprobs: Iterable[TokenLogprob] = (),
) -> _Json:
    """The item of a part that is done, or (still empty) of one that begins."""
    status = "completed" if is_done else "in_progress"
    match part:
        case cv.Thinking():
            return thoughts.item(id_, part.text, thoughts.encrypted(part))
        case cv.RedactedThinking():
            return thoughts.item(id_, "", thoughts.encrypted(part))
        case cv.ToolUse():
            call = {"call_id": part.id, "name": part.name, "arguments": part.arguments}
            return {"id": id_, "type": "function_call", "status": status, **call}
        case cv.Image():
            result = part.data if is_done else None
            return {"id": id_, "type": "image_generation_call", "status": status, "result": result}
    content = [content_of(part, logprobs)] if is_done else []
    message = {"role": "assistant", "content": content}
    return {"id": id_, "type": "message", "status": status, **message}


def seal_of(part: AnswerPart, answer_id: str, number: int) -> _Json | None:
    """The item that follows a function call which its vendor signed."""
    if not isinstance(part, cv.ToolUse) or not part.signature:
        return None
    sealed = thoughts.of_call(part.signature, part.origin or "gemini")
    return thoughts.item(f"rs_{answer_id}_{number}", "", sealed)


def items_of(
    parts: Iterable[AnswerPart], answer_id: str, logprobs: Iterable[TokenLogprob] = ()
) -> list[_Json]:
    """All items of an answer; log probabilities stand with the first text."""
    items: list[_Json] = []
    left = tuple(logprobs)
    for part in parts:
        own, left = (left, ()) if isinstance(part, cv.Text) else ((), left)
        items.append(item_of(part, item_id(part, answer_id, len(items)), logprobs=own))
        if (seal := seal_of(part, answer_id, len(items))) is not None:
            items.append(seal)
    return items
