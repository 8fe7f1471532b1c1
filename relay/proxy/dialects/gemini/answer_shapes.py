"""What a generateContent answer looks like, and what of it we read. Shapes and word lists only.

Source: Gemini API reference, "GenerateContentResponse", "Candidate" and "FinishReason", read
2026-11:

    STOP                STOP, or TOOL_CALLS where the candidate calls functions
    MAX_TOKENS          LENGTH
    SAFETY RECITATION …  CONTENT_FILTER: whatever else, Google did not give the whole answer
    (promptFeedback.blockReason, and no candidates)  CONTENT_FILTER

The other way a stop sequence, tool calls and a pause are STOP, and a refusal is SAFETY: Google
has no words for them.
"""

from typing import Any

import msgspec

from relay.proxy.dialects.decoding import NULL
from relay.proxy.dialects.events import Reason

# Pictures come in one frame; Google's largest (4K) are some 20 MB in base64.
FRAME_BYTES_MAX = 32_000_000

FINISH_REASONS = {
    Reason.STOP: "STOP",
    Reason.STOP_SEQUENCE: "STOP",
    Reason.TOOL_CALLS: "STOP",
    Reason.PAUSE: "STOP",
    Reason.LENGTH: "MAX_TOKENS",
    Reason.CONTENT_FILTER: "SAFETY",
    Reason.REFUSAL: "SAFETY",
}


class _Shape(msgspec.Struct, rename="camel"):
    pass


class Blob(_Shape):
    data: str = ""
    mime_type: str = ""


class FunctionCall(_Shape):
    name: str
    id: str = ""
    args: msgspec.Raw = NULL


class Part(_Shape):
    text: str | None = None
    thought: bool = False
    thought_signature: str = ""
    function_call: FunctionCall | None = None
    inline_data: Blob | None = None


class Content(_Shape):
    parts: list[Part] | None = None


class TokenLogprob(_Shape):
    token: str = ""
    log_probability: float = 0.0


class TopCandidates(_Shape):
    candidates: list[TokenLogprob] | None = None


class LogprobsResult(_Shape):
    chosen_candidates: list[TokenLogprob] | None = None
    top_candidates: list[TopCandidates] | None = None


class Candidate(_Shape):
    index: int = 0
    content: Content | None = None
    finish_reason: str | None = None
    logprobs_result: LogprobsResult | None = None


class PromptFeedback(_Shape):
    block_reason: str | None = None


class Answer(_Shape):
    """An answer, or a chunk of one."""

    candidates: list[Candidate] | None = None
    prompt_feedback: PromptFeedback | None = None
    # Raw takes any value, null too; msgspec does not combine it with None.
    usage_metadata: msgspec.Raw = NULL
    error: msgspec.Raw = NULL
    response_id: str = ""
    model_version: str = ""


decoder = msgspec.json.Decoder(Answer)


def reason_of(word: str, *, has_calls: bool) -> Reason:
    """Google's finishReason in the common form."""
    if word in ("STOP", "FINISH_REASON_UNSPECIFIED"):
        return Reason.TOOL_CALLS if has_calls else Reason.STOP
    return Reason.LENGTH if word == "MAX_TOKENS" else Reason.CONTENT_FILTER


def candidate(
    index: int, parts: list[dict[str, Any]], reason: Reason | None = None
) -> dict[str, Any]:
    """A candidate as Google writes it."""
    said: dict[str, Any] = {"content": {"parts": parts, "role": "model"}}
    if reason is not None:
        said["finishReason"] = FINISH_REASONS[reason]
    return {**said, "index": index}
