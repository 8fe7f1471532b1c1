"""A streamed answer as a sequence of `chat.completion.chunk` frames. Pure; knows no SSE, no clock.

Every frame that carries output carries exactly one counted token (with `size`: all of them; with
sound: one of text and one of sound).
Reasoning is hidden: its tokens count with the frame that names the role.
"""

from collections.abc import Iterator
from itertools import chain, zip_longest

import msgspec

from devstack.demo_upstream import logprobs
from devstack.demo_upstream.compose import Choice
from devstack.demo_upstream.openai.chat_request import ChatRequest
from devstack.demo_upstream.openai.chat_whole import FINGERPRINT, finish_reason
from devstack.demo_upstream.openai.spoken import AUDIO_EXPIRES_AT, AUDIO_ID, silence
from devstack.demo_upstream.reply import Frame, Stamp

_encode = msgspec.json.encode

DONE = Frame(b"[DONE]")


def frames(
    request: ChatRequest,
    choices: tuple[Choice, ...],
    usage: bytes | None,
    stamp: Stamp,
    *,
    is_shown: bool = False,
) -> Iterator[Frame]:
    """The whole stream, [DONE] included; `is_shown`: thoughts come as `reasoning_content`."""
    opening = b'{"id":"chatcmpl-%b","object":"chat.completion.chunk","created":%d,"model":%b' % (
        stamp.suffix.encode(),
        stamp.created,
        _encode(request.model),
    )
    opening += b',"service_tier":"default","system_fingerprint":"%b","choices":[' % (
        FINGERPRINT.encode()
    )
    with_usage = request.wants_usage() and usage is not None
    # OpenAI, stream_options.include_usage: every other chunk has a null usage.
    closing = b'],"usage":null}' if with_usage else b"]}"
    if not choices:
        yield Frame(opening + closing)
    for choice_json, count in _choices(request, choices, is_shown):
        yield Frame(opening + choice_json + closing, count)
    if request.wants_usage() and usage is not None:
        yield Frame(b'%b],"usage":%b}' % (opening, usage))
    yield DONE


def _choices(
    request: ChatRequest, choices: tuple[Choice, ...], is_shown: bool
) -> Iterator[tuple[bytes, int]]:
    for choice in choices:
        content = b"null" if choice.tool_calls or is_shown else b'""'
        delta = b'"role":"assistant","content":%b,"refusal":null' % content
        yield _chunk(choice.index, delta), 0 if is_shown else len(choice.thoughts)
    streams = [_deltas(choice, request, is_shown) for choice in choices]
    for together in zip_longest(*streams):
        yield from (delta for delta in together if delta is not None)
    for choice in choices:
        yield _chunk(choice.index, b"", finish=_encode(finish_reason(choice))), 0


def _deltas(choice: Choice, request: ChatRequest, is_shown: bool) -> Iterator[tuple[bytes, int]]:
    if request.wants_audio():
        spoken = _audio_deltas(choice)
    elif choice.finish == "refusal":
        spoken = ((_chunk(choice.index, b'"refusal":' + _encode(p)), 1) for p in choice.pieces)
    else:
        spoken = _text_deltas(choice, request.top_count())
    thoughts = _thought_deltas(choice) if is_shown else ()
    return chain(thoughts, spoken, _tool_deltas(choice))


def _thought_deltas(choice: Choice) -> Iterator[tuple[bytes, int]]:
    for piece in choice.thoughts:
        yield _chunk(choice.index, b'"content":null,"reasoning_content":' + _encode(piece)), 1


def _audio_deltas(choice: Choice) -> Iterator[tuple[bytes, int]]:
    if not choice.pieces:
        return
    yield _chunk(choice.index, b'"audio":{"id":"%b"}' % AUDIO_ID.encode()), 0
    for number, piece in enumerate(choice.pieces):
        audio: dict[str, str | int] = {"transcript": piece, "data": silence(piece)}
        if number == len(choice.pieces) - 1:
            audio["expires_at"] = AUDIO_EXPIRES_AT
        yield _chunk(choice.index, b'"audio":' + _encode(audio)), 2


def _text_deltas(choice: Choice, top_count: int | None) -> Iterator[tuple[bytes, int]]:
    # One piece, one token; only the filler of `size` is one piece of many.
    worth = choice.answer_tokens if len(choice.pieces) == 1 else 1
    before = b'{"index":%d,"delta":{"content":' % choice.index
    if top_count is None:
        for piece in choice.pieces:
            yield before + _encode(piece) + b'},"logprobs":null,"finish_reason":null}', worth
        return
    for piece in choice.pieces:
        content = {"content": [logprobs.entry(piece, top_count)], "refusal": None}
        yield (
            b'%b%b},"logprobs":%b,"finish_reason":null}'
            % (
                before,
                _encode(piece),
                _encode(content),
            ),
            worth,
        )


def _tool_deltas(choice: Choice) -> Iterator[tuple[bytes, int]]:
    for position, call in enumerate(choice.tool_calls):
        name = {
            "index": position,
            "id": f"call_demo_{call.digest}",
            "type": "function",
            "function": {"name": call.name, "arguments": ""},
        }
        yield _chunk(choice.index, b'"tool_calls":[%b]' % _encode(name)), 1
        for piece in call.pieces:
            part = {"index": position, "function": {"arguments": piece}}
            yield _chunk(choice.index, b'"tool_calls":[%b]' % _encode(part)), 1


def _chunk(index: int, delta: bytes, finish: bytes = b"null") -> bytes:
    return b'{"index":%d,"delta":{%b},"logprobs":null,"finish_reason":%b}' % (index, delta, finish)
