"""`embedContent` and `batchEmbedContents`: requests that pass through or become texts for other
vendors, and answers with their vectors, both ways.

Source: Gemini API reference, "Embeddings", read 2026-11. Vectors are never decoded here. Older
models do not say what was used, and give no `usageMetadata`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import msgspec

from relay.proxy.causes import Cause
from relay.proxy.dialects.conversation import not_carried
from relay.proxy.dialects.decoding import NULL, is_given, wrong
from relay.proxy.dialects.gemini import usage
from relay.proxy.dialects.gemini.spelling import Spelling, read
from relay.proxy.errors import ApiError
from relay.proxy.estimate import tokens_of_bytes
from relay.proxy.request import Demand
from relay.proxy.types import Usage

# Google, "batchEmbedContents": the most of one batch.
REQUESTS_MAX = 100


class _Shape(msgspec.Struct, rename="camel", forbid_unknown_fields=True, omit_defaults=True):
    pass


class _Part(_Shape):
    text: str


class _Content(_Shape):
    parts: list[_Part]
    role: str | None = None


class _Request(_Shape):
    content: _Content
    model: str | None = None
    task_type: str | None = None
    title: str | None = None
    output_dimensionality: Annotated[int, msgspec.Meta(ge=1, le=100_000)] | None = None


class _Batch(_Shape):
    requests: list[_Request]
    model: str | None = None


@dataclass(frozen=True, slots=True)
class EmbedRequest:
    """A request that was found in order. Media to embed are refused: no price covers them."""

    requests: Sequence[_Request]
    names: Mapping[str, str]  # camelCase -> as the caller wrote it
    model: str
    is_batch: bool
    demand: Demand

    def body_for(self, upstream_model: str) -> bytes:
        """The bytes for an upstream of this dialect."""
        model = f"models/{upstream_model}"
        named = [msgspec.structs.replace(request, model=model) for request in self.requests]
        return msgspec.json.encode({"requests": named} if self.is_batch else named[0])

    def texts(self) -> list[str]:
        """The texts, for vendors who take nothing else. Raises ApiError (400) for wishes that
        only Google knows."""
        for number, request in enumerate(self.requests):
            for name in ("taskType", "title"):
                if getattr(request, {"taskType": "task_type"}.get(name, name)) is not None:
                    at = f"requests[{number}]." if self.is_batch else ""
                    raise not_carried(at + self.names.get(name, name))
        return ["".join([part.text for part in each.content.parts]) for each in self.requests]

    def dimensions(self) -> int | None:
        """How long vectors are to be. Raises ApiError where one request has several wishes."""
        wanted = {request.output_dimensionality for request in self.requests}
        if len(wanted) > 1:
            name = self.names.get("outputDimensionality", "outputDimensionality")
            raise not_carried(f"requests[1].{name}")
        return wanted.pop()


def parse(body: bytes, *, model: str, is_batch: bool) -> EmbedRequest:
    """Read a request; the path says model and kind. Raises ApiError naming what is wrong."""
    requests: list[_Request]
    spelling: Spelling
    if is_batch:
        batch, spelling = read(_Batch, body)
        requests = batch.requests
    else:
        single, spelling = read(_Request, body)
        requests = [single]
    if not 1 <= len(requests) <= REQUESTS_MAX:
        raise wrong("requests", f"must be 1 to {REQUESTS_MAX}")
    for number, request in enumerate(requests):
        if not request.content.parts:
            at = f"requests[{number}].content.parts" if is_batch else "content.parts"
            raise ApiError(Cause.MISSING_PARAMETER, param=at, detail=at)
    demand = Demand(
        input_tokens_bound=len(body),
        input_tokens_guess=tokens_of_bytes(body),
        generates=False,
        inputs=len(requests),
    )
    return EmbedRequest(requests, spelling.written, model, is_batch, demand)


def of_texts(
    texts: Sequence[str], upstream_model: str, *, dimensions: int | None, is_batch: bool
) -> bytes:
    """A body that asks for a vector of each text; without a batch there is one."""
    model = f"models/{upstream_model}"
    requests = [
        _Request(_Content([_Part(text)]), model, output_dimensionality=dimensions) for text in texts
    ]
    return msgspec.json.encode({"requests": requests} if is_batch else requests[0])


class Answer(NamedTuple):
    """Vectors as raw JSON arrays, and what was used where the upstream said so."""

    vectors: list[msgspec.Raw]
    usage: Usage | None


class _Vector(msgspec.Struct):
    values: msgspec.Raw


class _Answer(msgspec.Struct, rename={"usage_metadata": "usageMetadata"}):
    embedding: _Vector | None = None
    embeddings: list[_Vector] | None = None
    usage_metadata: msgspec.Raw = NULL


_answer = msgspec.json.Decoder(_Answer)


def parse_answer(body: bytes) -> Answer:
    """The vectors of an answer. Raises ValueError when it is none."""
    try:
        given = _answer.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError("no embeddings") from error
    found = given.embeddings or ([given.embedding] if given.embedding is not None else [])
    if not found or not all(bytes(each.values).lstrip()[:1] == b"[" for each in found):
        raise ValueError("no embeddings")
    said = usage.parse(given.usage_metadata) if is_given(given.usage_metadata) else None
    return Answer([each.values for each in found], said)


def render_answer(answer: Answer, *, is_batch: bool) -> bytes:
    """The body for the client. Raises ValueError for several vectors where one was asked for."""
    vectors: list[dict[str, Any]] = [{"values": each} for each in answer.vectors]
    if not is_batch and len(vectors) != 1:
        raise ValueError("not one embedding")
    body: dict[str, Any] = {"embeddings": vectors} if is_batch else {"embedding": vectors[0]}
    if answer.usage is not None:
        body["usageMetadata"] = {"promptTokenCount": answer.usage.input_tokens}
    return msgspec.json.encode(body)
