"""A streamed answer as a sequence of `chat.completion.chunk` frames. Pure; knows no SSE, no clock.

Every frame that carries output carries exactly one counted token (with `size`: all of them).
"""

from collections.abc import Iterator
from itertools import chain, zip_longest
from typing import NamedTuple

import msgspec

from devstack.demo_upstream import logprobs
from devstack.demo_upstream.directives import Fault
from devstack.demo_upstream.plan import Choice, Plan, filler
from devstack.demo_upstream.render import FINGERPRINT
from devstack.demo_upstream.usage import usage_json

_encode = msgspec.json.encode


class Frame(NamedTuple):
    """The data of one event and the completion tokens that it delivers."""

    data: bytes
    tokens: int


DONE = Frame(b"[DONE]", 0)


def frames(plan: Plan, call_id: bytes, created: int, fault: Fault | None) -> Iterator[Frame]:
    """The whole stream, [DONE] included; `fault` changes what usage says, or empties the answer."""
    opening = b'{"id":"%b","object":"chat.completion.chunk","created":%d,"model":%b' % (
        call_id,
        created,
        _encode(plan.request.model),
    )
    opening += b',"system_fingerprint":"%b","choices":[' % FINGERPRINT.encode()
    with_usage = plan.request.wants_usage()
    # OpenAI, stream_options.include_usage: every other chunk has a null usage.
    closing = b'],"usage":null}' if with_usage and fault is not Fault.NO_USAGE else b"]}"
    if fault is Fault.EMPTY:
        yield Frame(opening + closing, 0)
    else:
        for choice_json, count in _choices(plan):
            yield Frame(opening + choice_json + closing, count)
    usage = usage_json(plan, fault) if with_usage else None
    if usage is not None:
        yield Frame(b'%b],"usage":%b}' % (opening, usage), 0)
    yield DONE


def _choices(plan: Plan) -> Iterator[tuple[bytes, int]]:
    for choice in plan.choices:
        content = b"null" if choice.tool_calls else b'""'
        delta = b'"role":"assistant","content":%b,"refusal":null' % content
        yield _chunk(choice.index, delta), 0
    if plan.size_bytes is None:
        top_count = plan.request.top_count()
        streams = [_deltas(choice, top_count) for choice in plan.choices]
        for together in zip_longest(*streams):
            yield from ((delta, 1) for delta in together if delta is not None)
    else:
        text = b"".join(filler(plan.size_bytes, plan.size_bytes))
        yield _chunk(0, b'"content":"%b"' % text), plan.completion_tokens
    for choice in plan.choices:
        yield _chunk(choice.index, b"", finish=_encode(choice.finish_reason)), 0


def _deltas(choice: Choice, top_count: int | None) -> Iterator[bytes]:
    return chain(_text_deltas(choice, top_count), _tool_deltas(choice))


def _text_deltas(choice: Choice, top_count: int | None) -> Iterator[bytes]:
    before = b'{"index":%d,"delta":{"content":' % choice.index
    if top_count is None:
        for piece in choice.pieces:
            yield before + _encode(piece) + b'},"logprobs":null,"finish_reason":null}'
        return
    for piece in choice.pieces:
        content = {"content": [logprobs.entry(piece, top_count)], "refusal": None}
        yield b'%b%b},"logprobs":%b,"finish_reason":null}' % (
            before,
            _encode(piece),
            _encode(content),
        )


def _tool_deltas(choice: Choice) -> Iterator[bytes]:
    for position, call in enumerate(choice.tool_calls):
        name = {
            "index": position,
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": ""},
        }
        yield _chunk(choice.index, b'"tool_calls":[%b]' % _encode(name))
        for piece in call.pieces:
            part = {"index": position, "function": {"arguments": piece}}
            yield _chunk(choice.index, b'"tool_calls":[%b]' % _encode(part))


def _chunk(index: int, delta: bytes, finish: bytes = b"null") -> bytes:
    return b'{"index":%d,"delta":{%b},"logprobs":null,"finish_reason":%b}' % (index, delta, finish)
