"""A messages request that goes to an upstream of the same dialect: what we must know of it, and
the same bytes with our few changes.

Only the fields below are looked at; every other parameter passes through as the caller wrote it,
but for those that run up costs which no price of ours covers, or that read the vendor's file
store: they are refused.
"""

import re
from dataclasses import dataclass
from typing import ClassVar

import msgspec

from relay.proxy import json_objects
from relay.proxy.causes import Cause
from relay.proxy.dialects import pass_through
from relay.proxy.dialects.conversation import not_carried
from relay.proxy.dialects.decoding import NULL, is_given, output_cap, read, wrong
from relay.proxy.dialects.messages import wire
from relay.proxy.dialects.messages.stored_files import refuse_stored_files
from relay.proxy.dialects.service_tier import refuse_others
from relay.proxy.errors import ApiError
from relay.proxy.estimate import tokens_of_bytes
from relay.proxy.request import Demand

# Anthropic, "Vision", read 2026-11: the most that one picture costs, at high resolution. The
# length of the body says little of it: a blank picture is small, an address smaller.
IMAGE_TOKENS = 4_784
# Anthropic, "PDF support", read 2026-11: at most 600 pages, each up to 3,000 tokens of text and
# those of its picture. What a model can read at all bounds it further.
DOCUMENT_TOKENS = 600 * (3_000 + IMAGE_TOKENS)
# Ten pages are usual.
DOCUMENT_TOKENS_GUESS = 20_000

# JSON in a string has its quotes escaped, so that only blocks match.
_IMAGE = re.compile(rb'"type"\s*:\s*"image"')
_DOCUMENT = re.compile(rb'"type"\s*:\s*"document"')
_CACHE = re.compile(rb'"cache_control"\s*:\s*\{')
# Where the prompt's tokens fall once part of it is written to the cache, which costs more.
CACHE_KINDS = ("cache_write_5m", "cache_write_1h")
# Where those of pictures, and of pages, fall at vendors that count them apart.
IMAGE_KINDS = ("image_input",)
# Tools that Anthropic runs itself: they are paid by the search or the hour, or fetch as much
# input as they like. Tools that the client runs have a type as well.
_VENDOR_TOOLS = ("web_search_", "web_fetch_", "code_execution_", "mcp_toolset", "advisor_")
# Priced apart: fast mode and the region by a factor, the others as vendor tools are.
_UNPRICED = ("speed", "inference_geo", "mcp_servers", "container")


class _Message(msgspec.Struct):
    role: str
    content: msgspec.Raw = NULL


class _Tool(msgspec.Struct):
    type: str | None = None


class _Looked(msgspec.Struct):
    model: str
    messages: list[_Message]
    max_tokens: int | float | None = None
    stream: bool | None = None
    tools: list[_Tool] | None = None
    service_tier: str | None = None
    speed: msgspec.Raw = NULL
    inference_geo: msgspec.Raw = NULL
    mcp_servers: msgspec.Raw = NULL
    container: msgspec.Raw = NULL


_looked = msgspec.json.Decoder(_Looked)


@dataclass(frozen=True, slots=True)
class Envelope(pass_through.Envelope):
    """A request that was found in order."""

    cap_field: ClassVar[str] = "max_tokens"
    stream_reader = wire.StreamReader
    answer_reader = wire.read_answer


def envelope(body: bytes) -> Envelope:
    """Look into a request; raises ApiError naming the parameter that is wrong."""
    looked = read(_looked, body)
    # A cap of 0 fills the prompt cache and answers nothing.
    cap = output_cap("max_tokens", looked.max_tokens, lowest=0)
    if cap is None:
        raise ApiError(Cause.MISSING_PARAMETER, param="max_tokens", detail="max_tokens")
    return _envelope(body, looked, cap)


def envelope_of_count(body: bytes) -> Envelope:
    """Look into a body of `messages/count_tokens`, which asks for no output. Raises ApiError."""
    return _envelope(body, read(_looked, body), None)


def _envelope(body: bytes, looked: _Looked, cap: int | None) -> Envelope:
    if not looked.messages:
        raise wrong("messages", "must not be empty")
    if not looked.model.isprintable():
        raise wrong("model", "must be printable text")
    _refuse_unpriced(looked)
    refuse_stored_files(message.content for message in looked.messages)
    return Envelope(
        fields=json_objects.fields.decode(body),
        model=looked.model,
        is_stream=bool(looked.stream),
        demand=_demand(body, cap),
    )


def _demand(body: bytes, cap: int | None) -> Demand:
    images, documents = len(_IMAGE.findall(body)), len(_DOCUMENT.findall(body))
    guessed = images * IMAGE_TOKENS // 4 + documents * DOCUMENT_TOKENS_GUESS
    seen = IMAGE_KINDS if images or documents else ()
    written = CACHE_KINDS if _CACHE.search(body) else ()
    return Demand(
        input_tokens_bound=len(body) + images * IMAGE_TOKENS + documents * DOCUMENT_TOKENS,
        input_tokens_guess=tokens_of_bytes(body) + guessed,
        output_tokens_asked=cap,
        generates=cap is not None,
        token_kinds=(*seen, *written),
    )


def _refuse_unpriced(looked: _Looked) -> None:
    refuse_others(looked.service_tier)
    for name in _UNPRICED:
        if is_given(getattr(looked, name)):
            raise not_carried(name)
    for number, tool in enumerate(looked.tools or []):
        if tool.type is not None and tool.type.startswith(_VENDOR_TOOLS):
            raise not_carried(f"tools[{number}].type")
