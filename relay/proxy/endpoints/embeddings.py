"""`/v1/embeddings`: passed through, or put to an Upstream of Google's as plain texts.

Source: OpenAI API reference, "Create embeddings" (2,048 inputs; base64 is of little-endian float32,
as its own clients decode it), read 2026-11.
"""

import struct
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from relay.proxy.dialect import Dialect
from relay.proxy.dialects.conversation import not_carried
from relay.proxy.dialects.decoding import is_given, read, wrong
from relay.proxy.dialects.gemini import embeddings
from relay.proxy.endpoints.asked import path_of
from relay.proxy.endpoints.gemini_embeddings import BATCH, SINGLE
from relay.proxy.endpoints.plain import PlainRequest
from relay.proxy.endpoints.plain_bodies import plain, texts_in
from relay.proxy.exchange import Exchange
from relay.proxy.request import NotAnAnswer, Outgoing, Whole
from relay.proxy.types import Route

DIMENSIONS_MAX = 65_536
# What Google is told, or what changes no vector (`user`); anything else it has no word for.
_CARRIED = frozenset({"model", "input", "dimensions", "encoding_format", "user"})


class _Body(msgspec.Struct):
    model: str
    input: msgspec.Raw  # of four types that a decoder cannot tell apart
    dimensions: Annotated[int, msgspec.Meta(ge=1, le=DIMENSIONS_MAX)] | None = None
    encoding_format: Literal["float", "base64"] | None = None
    user: str | None = None


_body = msgspec.json.Decoder(_Body)
_any = msgspec.json.Decoder()
_numbers = msgspec.json.Decoder(list[float])


@dataclass(frozen=True, slots=True)
class EmbeddingsRequest(PlainRequest):
    """Implements `request.Request`."""

    asked: _Body

    def spoken(self, route: Route) -> Dialect:
        """See `Request.spoken`: Google's where the Upstream has nothing of OpenAI's."""
        has_own = route.wire.has(self.endpoint) or Dialect.GEMINI not in route.wire.speaks
        return Dialect.CHAT if has_own else Dialect.GEMINI

    def outgoing(self, route: Route, output_tokens_cap: int | None) -> Outgoing:
        """See `Request.outgoing`."""
        if self.spoken(route) is Dialect.CHAT:
            return PlainRequest.outgoing(self, route, output_tokens_cap)
        texts = self._texts()
        operation = SINGLE if len(texts) == 1 else BATCH
        path = path_of(operation, route, self.model)
        body = embeddings.of_texts(
            texts, route.name, dimensions=self.asked.dimensions, is_batch=operation == BATCH
        )
        return Outgoing(path, route.wire.renamed(body), route.wire.json_head)

    def whole(self, route: Route, body: bytes, content_type: bytes) -> Whole:
        """See `Request.whole`. Without the upstream's figure the input is counted by us."""
        if self.spoken(route) is Dialect.CHAT:
            return PlainRequest.whole(self, route, body, content_type)
        try:
            answer = embeddings.parse_answer(body)
            vectors = [self._shown(each) for each in answer.vectors]
        except (ValueError, OverflowError):  # msgspec's errors are ValueErrors
            raise NotAnAnswer("not_an_answer") from None
        if len(vectors) != self.demand.inputs:
            raise NotAnAnswer("not_an_answer")
        used = self.used(answer.usage.input_tokens if answer.usage is not None else None)
        shown = {
            "object": "list",
            "data": [
                {"object": "embedding", "index": index, "embedding": vector}
                for index, vector in enumerate(vectors)
            ],
            "model": self.model,
            "usage": {"prompt_tokens": used.input_tokens, "total_tokens": used.input_tokens},
        }
        return Whole(msgspec.json.encode(shown), used)

    def _texts(self) -> list[str]:
        """What Google can embed. Raises ApiError (400) for what it has no way to say."""
        for name, value in self.fields.items():
            if name not in _CARRIED and is_given(value):
                raise not_carried(name)
        given: Any = _any.decode(self.asked.input)
        texts = [given] if isinstance(given, str) else given
        if not isinstance(texts[0], str):  # all are of one kind: `texts_in` saw to it
            raise wrong("input", "must be text, or an array of texts, for this model")
        if len(texts) > embeddings.REQUESTS_MAX:
            raise wrong("input", f"at most {embeddings.REQUESTS_MAX} are possible for this model")
        return list(texts)

    def _shown(self, vector: msgspec.Raw) -> bytes | msgspec.Raw:
        """The vector as it was asked for; msgspec writes bytes in base64."""
        if self.asked.encoding_format != "base64":
            return vector
        numbers = _numbers.decode(vector)
        return struct.pack(f"<{len(numbers)}f", *numbers)


async def read_embeddings(exchange: Exchange) -> EmbeddingsRequest:
    """`/v1/embeddings`. Raises ApiError naming what is wrong."""
    body = await exchange.body()
    asked = read(_body, body)
    made = plain(exchange, body, asked.model, inputs=texts_in(asked.input, "input"))
    return EmbeddingsRequest(made.endpoint, made.model, made.fields, made.demand, asked)
