"""Parts of an answer as Google writes them, for clients of this dialect. Pure.

Of another vendor's reasoning the signature goes along sealed (`thoughts`). A refusal is text
here, and a tool's arguments are whole: Google does not stream them.
"""

from typing import Any

import msgspec

from relay.proxy.dialects import conversation as cv
from relay.proxy.dialects import events as ev
from relay.proxy.dialects.gemini.thoughts import DIALECT, sealed
from relay.proxy.dialects.whole import AnswerPart

_Json = dict[str, Any]
_NO_ARGUMENTS = msgspec.Raw(b"{}")


def text(said: str) -> _Json:
    """Plain text, or a piece of it."""
    return {"text": said}


def thought(said: str, signature: str = "") -> _Json:
    """Reasoning, or a piece of it."""
    signed = {"thoughtSignature": signature} if signature else {}
    return {"text": said, "thought": True, **signed}


def redacted(data: str, origin: str, item_id: str) -> _Json:
    """Reasoning that only its vendor reads; Google's own stands beside a text."""
    signature = sealed(data, origin=origin, item_id=item_id, is_redacted=True)
    if origin == DIALECT:
        return {"text": "", "thoughtSignature": signature}
    return thought("", signature)


def call(id_: str, name: str, arguments: str, signature: str) -> _Json:
    """A function call."""
    given = arguments.strip().encode() or b"{}"
    try:
        is_object = isinstance(msgspec.json.decode(given), dict)
    except (msgspec.DecodeError, RecursionError):
        is_object = False
    # What is no object has no place in `args`; the client sees a call without arguments.
    args = msgspec.Raw(given) if is_object else _NO_ARGUMENTS
    signed = {"thoughtSignature": signature} if signature else {}
    return {"functionCall": {"id": id_, "name": name, "args": args}, **signed}


def media(media_type: str, data: str) -> _Json:
    """A picture or speech."""
    return {"inlineData": {"mimeType": media_type, "data": data}}


def part(given: AnswerPart) -> _Json:
    """A whole part."""
    match given:
        case cv.Text() | cv.Refusal():
            return text(given.text)
        case cv.Thinking():
            signature = sealed(given.signature, origin=given.origin, item_id=given.id)
            return thought(given.text, signature)
        case cv.RedactedThinking():
            return redacted(given.data, given.origin, given.id)
        case cv.ToolUse():
            signature = sealed(given.signature, origin=given.origin)
            return call(given.id, given.name, given.arguments, signature)
        case cv.Image():
            return media(given.media_type or "image/png", given.data or "")
        case cv.Audio():
            return media(f"audio/{given.format}", given.data)


def logprobs(tokens: tuple[ev.TokenLogprob, ...]) -> _Json:
    """The `logprobsResult`."""
    return {
        "chosenCandidates": [_token(token) for token in tokens],
        "topCandidates": [{"candidates": [_token(top) for top in token.top]} for token in tokens],
    }


def _token(token: ev.TokenLogprob) -> _Json:
    return {"token": token.token, "logProbability": token.logprob}
