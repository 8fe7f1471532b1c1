"""What a caller wants and what came back, in words of no dialect; `SPEECHES` put it in each."""

import base64
import json
import struct
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

# Words of the tools' names: a prompt that has them makes the demo upstream call the tools.
TOOLS = {"get_weather": "The forecast of a place", "get_clock": "The hour of a place"}
TOOL_PROMPT = "Tell me the weather in Paris"
TOOLS_PROMPT = "Tell me the weather and the clock in Paris"
ARGUMENTS: Mapping[str, Any] = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}
RESULT = {"said": "sunny"}
OUTPUT_TOKENS_MAX = 4096


@dataclass(frozen=True, slots=True)
class Called:
    """A tool call of an answer."""

    id: str
    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """An answer as its client understands it. `turn` is what the client sends back in its own
    next request; tokens are all that were read and written, by the answer's own figures."""

    text: str = ""
    thinking: str = ""
    calls: tuple[Called, ...] = ()
    reason: str = ""
    model: str = ""
    tokens_read: int = 0
    tokens_written: int = 0
    turn: Any = None


@dataclass(frozen=True, slots=True)
class Ask:
    """A request. `earlier` is an answer that called tools, each of which said RESULT."""

    prompt: str = "hello"
    is_stream: bool = False
    tools: tuple[str, ...] = ()
    earlier: Seen | None = None
    has_image: bool = False
    has_schema: bool = False
    thinks: bool = False
    output_tokens_max: int | None = OUTPUT_TOKENS_MAX
    more: Mapping[str, Any] = field(default_factory=dict)  # fields of the dialect's own


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it goes over the wire."""

    path: str
    headers: Mapping[str, str]
    body: bytes
    query: bytes = b""


@dataclass(frozen=True, slots=True)
class Broken:
    """An error as its client finds it, in a body or at the end of a stream."""

    message: str
    param: str | None = None  # where the dialect has a place for it


@dataclass(frozen=True, slots=True)
class Speech:
    """One dialect. `stream` reads a stream that ended well (AssertionError otherwise); `broken`
    a stream that ended with an error, and `error` a body that is one."""

    sent: Callable[[Ask, str, str], Sent]  # of a model, with a key
    whole: Callable[[bytes], Seen]
    stream: Callable[[bytes], Seen]
    error: Callable[[bytes], Broken]
    broken: Callable[[bytes], Broken]


def data_of(body: bytes) -> list[bytes]:
    """The data of each server-sent event, comments left out."""
    lines = body.replace(b"\r\n", b"\n").split(b"\n")
    return [line[6:] for line in lines if line.startswith(b"data: ")]


def encoded(body: Mapping[str, Any]) -> bytes:
    """JSON without what is None."""
    return json.dumps({name: value for name, value in body.items() if value is not None}).encode()


def _chunk(kind: bytes, data: bytes) -> bytes:
    checked = kind + data
    return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))


# One black dot: the least that is a PNG (W3C, "Portable Network Graphics", third edition).
PNG = base64.b64encode(
    b"\x89PNG\r\n\x1a\n"
    + _chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    + _chunk(b"IDAT", zlib.compress(b"\0\0"))
    + _chunk(b"IEND", b"")
).decode()
