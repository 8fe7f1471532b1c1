"""A responses request that goes to an upstream of the same dialect: what we must know of it, and
the same bytes with our few changes.

Every parameter passes through as the caller wrote it, but for two kinds that are refused: what
reaches into the vendor's store, where every customer of ours has the same account, and what the
vendor charges for apart: tools that it runs, and tiers. Source: OpenAI API reference, "Create a
model response" and "Pricing", read 2026-11.
"""

import re
from dataclasses import dataclass
from typing import ClassVar

import msgspec

from relay.proxy import json_objects
from relay.proxy.dialects import pass_through
from relay.proxy.dialects.conversation import not_carried
from relay.proxy.dialects.decoding import NULL, is_given, output_cap, read, wrong
from relay.proxy.dialects.responses import wire
from relay.proxy.dialects.service_tier import refuse_others
from relay.proxy.estimate import tokens_of_bytes
from relay.proxy.request import Demand

# What the dearest documented picture costs, as in chat.
IMAGE_TOKENS = 4_096
# A file may have hundreds of pages, each read as text and as a picture: whatever a model can read.
FILE_TOKENS = 1_000_000
# Pages of a file are seen as well.
IMAGE_KINDS = ("image_input",)
# Ten pages are usual.
FILE_TOKENS_GUESS = 20_000

# JSON in a string has its quotes escaped, so that only parts match.
_IMAGE = re.compile(rb'"type"\s*:\s*"(?:input_image|computer_screenshot)"')
_FILE = re.compile(rb'"type"\s*:\s*"input_file"')
# Tools that the caller runs, or that cost nothing but tokens.
_OWN_TOOLS = frozenset(
    {"function", "custom", "local_shell", "apply_patch", "computer", "computer_use_preview"}
)
_STORED = ("previous_response_id", "conversation", "prompt")


class _Part(msgspec.Struct):
    file_id: str | None = None


class _Item(msgspec.Struct):
    type: str | None = None
    content: str | list[_Part] | None = None
    output: str | list[_Part] | _Part | None = None


class _Tool(msgspec.Struct):
    type: str


class _Looked(msgspec.Struct):
    model: str
    input: str | list[_Item]
    max_output_tokens: int | float | None = None
    stream: bool | None = None
    background: bool | None = None
    service_tier: str | None = None
    tools: list[_Tool] | None = None
    previous_response_id: msgspec.Raw = NULL
    conversation: msgspec.Raw = NULL
    prompt: msgspec.Raw = NULL


_looked = msgspec.json.Decoder(_Looked)


@dataclass(frozen=True, slots=True)
class Envelope(pass_through.Envelope):
    """A request that was found in order."""

    cap_field: ClassVar[str] = "max_output_tokens"
    stream_reader = wire.StreamReader
    answer_reader = wire.read_answer


def envelope(body: bytes) -> Envelope:
    """Look into a request; raises ApiError naming the parameter that is wrong."""
    looked = read(_looked, body)
    if not looked.input:
        raise wrong("input", "must not be empty")
    if not looked.model.isprintable():
        raise wrong("model", "must be printable text")
    _refuse(looked)
    images, files = len(_IMAGE.findall(body)), len(_FILE.findall(body))
    guessed = images * IMAGE_TOKENS // 4 + files * FILE_TOKENS_GUESS
    return Envelope(
        fields=json_objects.fields.decode(body),
        model=looked.model,
        is_stream=bool(looked.stream),
        demand=Demand(
            input_tokens_bound=len(body) + images * IMAGE_TOKENS + files * FILE_TOKENS,
            input_tokens_guess=tokens_of_bytes(body) + guessed,
            output_tokens_asked=output_cap("max_output_tokens", looked.max_output_tokens),
            token_kinds=IMAGE_KINDS if images or files else (),
        ),
    )


def _refuse(looked: _Looked) -> None:
    """Raise the refusal of what the vendor stores, or charges for apart."""
    for name in _STORED:
        if is_given(getattr(looked, name)):
            raise not_carried(name)
    if looked.background:
        raise not_carried("background")
    refuse_others(looked.service_tier)
    for number, tool in enumerate(looked.tools or []):
        if tool.type not in _OWN_TOOLS:
            raise not_carried(f"tools[{number}].type")
    for number, item in enumerate(looked.input if isinstance(looked.input, list) else []):
        if item.type == "item_reference":
            raise not_carried(f"input[{number}].type")
        for name in ("content", "output"):
            _refuse_files(getattr(item, name), f"input[{number}].{name}")


def _refuse_files(parts: str | list[_Part] | _Part | None, at: str) -> None:
    if isinstance(parts, _Part):
        parts = [parts]
    for number, part in enumerate(parts if isinstance(parts, list) else []):
        if part.file_id is not None:
            raise not_carried(f"{at}[{number}].file_id")
