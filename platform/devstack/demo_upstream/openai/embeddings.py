"""Embeddings: the same text has the same unit vector, in floats or in base64.

Source: OpenAI API reference, "Create embeddings", read 2026-11.
"""

import base64
import hashlib
import math
import struct
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from devstack.demo_upstream import directives
from devstack.demo_upstream.asked import Asked
from devstack.demo_upstream.counts import Counts
from devstack.demo_upstream.counts import count as count_usage
from devstack.demo_upstream.decoding import check_model, decode
from devstack.demo_upstream.directives import Fault
from devstack.demo_upstream.errors import Refusal
from devstack.demo_upstream.openai import inputs
from devstack.demo_upstream.reply import Reply, Stamp, spoil

INPUTS_MAX = 2048  # OpenAI's own bounds, all three
INPUT_TOKENS_MAX = 8192
REQUEST_TOKENS_MAX = 300_000
DIMENSIONS_MAX = 3072
_DIMENSIONS = 1536
_LARGE = "text-embedding-3-large"
_WITHOUT_DIMENSIONS = "text-embedding-ada-002"


class EmbeddingsRequest(msgspec.Struct):
    model: str
    input: inputs.Texts
    dimensions: Annotated[int, msgspec.Meta(ge=1, le=DIMENSIONS_MAX)] | None = None
    encoding_format: Literal["float", "base64"] = "float"
    user: str | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class EmbeddingsReply(Reply):
    request: EmbeddingsRequest
    inputs: list[str | list[int]]

    def whole(self, stamp: Stamp, fault: Fault | None) -> bytes:
        asked = [] if fault is Fault.EMPTY else self.inputs
        data = [
            {"object": "embedding", "index": index, "embedding": self._vector(each)}
            for index, each in enumerate(asked)
        ]
        usage = spoil(prompt_usage(self.usage), fault)
        body: dict[str, Any] = {"object": "list", "data": data, "model": self.model}
        if usage is not None:
            body["usage"] = msgspec.Raw(usage)
        return msgspec.json.encode(body)

    def _vector(self, each: str | list[int]) -> list[float] | str:
        name = directives.base_model(self.model)
        default = DIMENSIONS_MAX if name == _LARGE else _DIMENSIONS
        seed = directives.strip(each) if isinstance(each, str) else repr(each)
        values = unit_vector(seed, self.request.dimensions or default)
        if self.request.encoding_format == "float":
            return values
        return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()


_DECODER = msgspec.json.Decoder(EmbeddingsRequest)


def reply(asked: Asked) -> Reply:
    """Refusal when the request is wrong."""
    request = decode(_DECODER, asked.body)
    check_model(request.model)
    given = inputs.read(request.input, "input")
    directive = directives.parse(request.model, inputs.joined(given))
    _check(request, given)
    prompt = sum(inputs.count(each) for each in given)
    usage = count_usage(directive, prompt=prompt)
    return EmbeddingsReply(
        model=request.model, directive=directive, usage=usage, request=request, inputs=given
    )


def prompt_usage(counts: Counts) -> bytes:
    """`usage` of endpoints that only read."""
    prompt = counts.prompt_tokens
    return msgspec.json.encode({"prompt_tokens": prompt, "total_tokens": prompt})


def unit_vector(seed: str, dimensions: int) -> list[float]:
    """A vector of length 1 that only this seed has; as exact as a 32-bit float."""
    raw = hashlib.shake_128(seed.encode(errors="replace")).digest(2 * dimensions)
    values = struct.unpack(f"<{dimensions}h", raw)
    length = math.sqrt(sum(value * value for value in values)) or 1.0
    exact = struct.pack(f"<{dimensions}f", *(value / length for value in values))
    return list(struct.unpack(f"<{dimensions}f", exact))


def _check(request: EmbeddingsRequest, given: list[str | list[int]]) -> None:
    if len(given) > INPUTS_MAX:
        raise Refusal(400, f"At most {INPUTS_MAX} inputs.", param="input")
    counts = [inputs.count(each) for each in given]
    if 0 in counts:
        raise Refusal(400, "'$.input' is invalid: an input is empty.", param="input")
    if max(counts) > INPUT_TOKENS_MAX or sum(counts) > REQUEST_TOKENS_MAX:
        message = (
            f"This model's maximum context length is {INPUT_TOKENS_MAX} tokens, however you "
            f"requested {max(counts)} tokens. Please reduce your prompt."
        )
        raise Refusal(400, message, param="input")
    is_fixed = directives.base_model(request.model) == _WITHOUT_DIMENSIONS
    if request.dimensions is not None and is_fixed:
        raise Refusal(400, "This model does not support specifying dimensions.", param="dimensions")
