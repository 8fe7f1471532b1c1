"""What is checked of bodies with nothing but input: moderations, rerank; the rest passes through.

Sources, read 2026-11: OpenAI API reference, "Create embeddings" (2,048 inputs of 8,192 tokens)
and "Create moderation"; Cohere API reference, "Rerank" (1,000 documents are advised).
"""

from typing import Annotated

import msgspec

from relay.proxy import json_objects
from relay.proxy.dialects.decoding import read, wrong
from relay.proxy.endpoints.plain import PlainRequest
from relay.proxy.errors import ApiError, Cause
from relay.proxy.estimate import ASCII_BYTES_PER_TOKEN, tokens_of_bytes
from relay.proxy.exchange import Exchange
from relay.proxy.request import Demand, Measures

INPUTS_MAX = 2_048
DOCUMENTS_MAX = 10_000
INPUT_TOKENS: Measures = (("input",),)

# What OpenAI takes for a moderation that names no model, and its forerunner.
MODERATION_MODELS = ("omni-moderation-latest", "text-moderation-latest")


class _Moderation(msgspec.Struct):
    input: str | list[str | dict[str, msgspec.Raw]]
    model: str | None = None


class _Rerank(msgspec.Struct):
    model: str
    query: str
    documents: list[str | dict[str, msgspec.Raw]]
    top_n: Annotated[int, msgspec.Meta(ge=1)] | None = None


_moderation = msgspec.json.Decoder(_Moderation)
_rerank = msgspec.json.Decoder(_Rerank)
_any = msgspec.json.Decoder()


async def read_moderation(exchange: Exchange) -> PlainRequest:
    """`/v1/moderations`: without a model, the one of OpenAI's that the site sells."""
    body = await exchange.body()
    looked = read(_moderation, body)
    sold = [name for name in MODERATION_MODELS if name in exchange.offers]
    model = looked.model or next(iter(sold), "")
    if not model:
        raise ApiError(Cause.MISSING_PARAMETER, param="model", detail="model")
    if not looked.input:
        raise wrong("input", "must not be empty")
    inputs = len(looked.input) if isinstance(looked.input, list) else 1
    return plain(exchange, body, model, inputs=inputs)


async def read_rerank(exchange: Exchange) -> PlainRequest:
    """`/v1/rerank`. Raises ApiError naming what is wrong."""
    body = await exchange.body()
    looked = read(_rerank, body)
    if not 0 < len(looked.documents) <= DOCUMENTS_MAX:
        raise wrong("documents", f"must be 1 to {DOCUMENTS_MAX}")
    # The query is read again beside every document.
    again = len(looked.query.encode()) * (len(looked.documents) - 1)
    return plain(exchange, body, looked.model, inputs=len(looked.documents), again_bytes=again)


def texts_in(raw: msgspec.Raw, name: str) -> int:
    """How many texts there are: a text, texts, tokens, or arrays of tokens. Raises ApiError."""
    given = _any.decode(raw)
    if isinstance(given, str) and given:
        return 1
    if not isinstance(given, list) or not given:
        raise wrong(name, "must be text, an array of texts, or tokens, and not empty")
    kinds = {type(each) for each in given}
    if kinds == {int}:
        return 1
    if len(given) > INPUTS_MAX:
        raise wrong(name, f"must be {INPUTS_MAX} texts at most")
    if kinds == {str} and all(given):
        return len(given)
    if kinds == {list} and all(each and {type(n) for n in each} == {int} for each in given):
        return len(given)
    raise wrong(name, "must be text, an array of texts, or tokens, and not empty")


def plain(
    exchange: Exchange, body: bytes, model: str, *, inputs: int, again_bytes: int = 0
) -> PlainRequest:
    """A request with so many inputs, of which `again_bytes` are read more than once. Raises
    ApiError for a name that can't be a model's."""
    if not model.isprintable():
        raise wrong("model", "must be printable text")
    return PlainRequest(
        endpoint=exchange.endpoint,
        model=model,
        fields=json_objects.fields.decode(body),
        demand=Demand(
            input_tokens_bound=len(body) + again_bytes,
            input_tokens_guess=tokens_of_bytes(body) + again_bytes // ASCII_BYTES_PER_TOKEN,
            inputs=inputs,
            generates=False,
            measures=INPUT_TOKENS,
        ),
    )
