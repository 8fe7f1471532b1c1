"""embedContent, batchEmbedContents and countTokens.

Source: Gemini API reference, "Embeddings" and "Counting tokens", read 2026-11.
"""

from dataclasses import dataclass
from typing import Annotated, Any

import msgspec

from devstack.demo_upstream import directives
from devstack.demo_upstream.asked import Asked
from devstack.demo_upstream.counts import Counts
from devstack.demo_upstream.counts import count as count_usage
from devstack.demo_upstream.decoding import check_model, convert, read_json
from devstack.demo_upstream.directives import Fault
from devstack.demo_upstream.errors import Refusal
from devstack.demo_upstream.gemini import turns
from devstack.demo_upstream.gemini.names import camel
from devstack.demo_upstream.gemini.request import (
    Camel,
    Content,
    GenerateRequest,
    last_user_text,
    sizes,
    text_of,
)
from devstack.demo_upstream.gemini.usage import details
from devstack.demo_upstream.openai.embeddings import unit_vector
from devstack.demo_upstream.reply import Reply, Stamp, spoil

DIMENSIONS = 3072  # gemini-embedding-001's own
BATCH_MAX = 100  # Google's own


class EmbedRequest(Camel):
    content: Content
    model: str | None = None
    task_type: str | None = None
    title: str | None = None
    output_dimensionality: Annotated[int, msgspec.Meta(ge=1, le=DIMENSIONS)] | None = None


class BatchRequest(Camel):
    requests: Annotated[list[EmbedRequest], msgspec.Meta(min_length=1, max_length=BATCH_MAX)]


class CountRequest(Camel):
    contents: list[Content] | None = None
    generate_content_request: GenerateRequest | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class EmbedReply(Reply):
    requests: list[EmbedRequest]
    is_batch: bool

    def whole(self, stamp: Stamp, fault: Fault | None) -> bytes:
        asked = [] if fault is Fault.EMPTY else self.requests
        vectors = [{"values": _vector(each)} for each in asked]
        body: dict[str, Any] = {"embeddings": vectors}
        if not self.is_batch:
            body = {"embedding": vectors[0] if vectors else {}}
        usage = spoil(_prompt_usage(self.usage.prompt_tokens), fault)
        if usage is not None:
            body["usageMetadata"] = msgspec.Raw(usage)
        return msgspec.json.encode(body)


@dataclass(frozen=True, eq=False, kw_only=True)
class CountReply(Reply):
    """The tokens of a prompt. Free, so the record has no usage for it."""

    total_tokens: int

    def whole(self, stamp: Stamp, fault: Fault | None) -> bytes:
        body = {
            "totalTokens": self.total_tokens,
            "promptTokensDetails": details({"TEXT": self.total_tokens}),
        }
        return msgspec.json.encode(body)


def embed(asked: Asked) -> Reply:
    """One vector; Refusal when the request is wrong."""
    return _reply(asked, [convert(camel(read_json(asked.body)), EmbedRequest, "")], is_batch=False)


def batch_embed(asked: Asked) -> Reply:
    """Up to 100 vectors; Refusal when the request is wrong."""
    batch: BatchRequest = convert(camel(read_json(asked.body)), BatchRequest, "")
    return _reply(asked, batch.requests, is_batch=True)


def count_tokens(asked: Asked) -> Reply:
    """The count that generateContent would report; Refusal when the request is wrong."""
    request: CountRequest = convert(camel(read_json(asked.body)), CountRequest, "")
    model = asked.path["model"]
    check_model(model)
    inner = request.generate_content_request or GenerateRequest(contents=request.contents or [])
    turns.check(inner)
    directive = directives.parse(model, last_user_text(inner.contents))
    counted = sum(size for _, size in sizes(inner))
    wanted = directive.prompt_tokens
    return CountReply(
        model=model,
        directive=directive,
        usage=Counts(),
        total_tokens=counted if wanted is None else wanted,
    )


def _reply(asked: Asked, requests: list[EmbedRequest], *, is_batch: bool) -> Reply:
    model = asked.path["model"]
    check_model(model)
    for number, request in enumerate(requests):
        if not request.content.parts:
            raise Refusal(400, "content is not specified", param=f"requests[{number}].content")
        turns.check(GenerateRequest(contents=[request.content]))
        if is_batch and request.model != f"models/{model}":
            raise Refusal(400, f"must be models/{model}", param=f"requests[{number}].model")
    directive = directives.parse(model, "\n".join(text_of(each.content) for each in requests))
    prompt = sum(_tokens(each) for each in requests)
    return EmbedReply(
        model=model,
        directive=directive,
        usage=count_usage(directive, prompt=prompt),
        requests=requests,
        is_batch=is_batch,
    )


def _tokens(request: EmbedRequest) -> int:
    return sum(size for _, size in sizes(GenerateRequest(contents=[request.content])))


def _vector(request: EmbedRequest) -> list[float]:
    seed = directives.strip(text_of(request.content))
    return unit_vector(seed, request.output_dimensionality or DIMENSIONS)


def _prompt_usage(prompt: int) -> bytes:
    usage = {"promptTokenCount": prompt, "promptTokenDetails": details({"TEXT": prompt})}
    return msgspec.json.encode(usage)
