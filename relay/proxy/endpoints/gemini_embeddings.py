"""`:embedContent` and `:batchEmbedContents`: passed through to Google's, or put to an Upstream of
OpenAI's kind as plain texts.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from relay.proxy.dialect import Dialect
from relay.proxy.dialects.gemini import embeddings
from relay.proxy.endpoints.asked import path_of
from relay.proxy.endpoints.one_piece import OnePiece
from relay.proxy.endpoints.plain_bodies import INPUT_TOKENS
from relay.proxy.exchange import Exchange
from relay.proxy.request import Demand, NotAnAnswer, Outgoing, Whole
from relay.proxy.types import Route, Usage

SINGLE, BATCH = "embedContent", "batchEmbedContents"
OPENAI = "embeddings"


class _Vector(msgspec.Struct):
    embedding: msgspec.Raw


class _Usage(msgspec.Struct):
    prompt_tokens: int


class _Answer(msgspec.Struct):
    data: list[_Vector]
    usage: _Usage | None = None


_answer = msgspec.json.Decoder(_Answer)


@dataclass(frozen=True, slots=True)
class EmbedRequest(OnePiece):
    """Implements `request.Request`."""

    asked: embeddings.EmbedRequest

    @property
    def dialect(self) -> Dialect:
        """Google's."""
        return Dialect.GEMINI

    @property
    def endpoint(self) -> str:
        """Which of the two operations it is."""
        return BATCH if self.asked.is_batch else SINGLE

    @property
    def model(self) -> str:
        """The public id, as the path names it."""
        return self.asked.model

    @property
    def demand(self) -> Demand:
        """Input alone."""
        return msgspec.structs.replace(self.asked.demand, measures=INPUT_TOKENS)

    def spoken(self, route: Route) -> Dialect:
        """See `Request.spoken`."""
        return Dialect.GEMINI if Dialect.GEMINI in route.wire.speaks else Dialect.CHAT

    def outgoing(self, route: Route, output_tokens_cap: int | None) -> Outgoing:
        """See `Request.outgoing`."""
        is_native = self.spoken(route) is Dialect.GEMINI
        operation = self.endpoint if is_native else OPENAI
        path = path_of(operation, route, self.model)
        body = self.asked.body_for(route.name) if is_native else self._as_openai(route)
        return Outgoing(path, route.wire.renamed(body), route.wire.json_head)

    def whole(self, route: Route, body: bytes, content_type: bytes) -> Whole:
        """See `Request.whole`. Without the upstream's figure the input is counted by us."""
        try:
            if self.spoken(route) is Dialect.GEMINI:
                answer = embeddings.parse_answer(body)
            else:
                answer = _of_openai(body)
            if len(answer.vectors) != len(self.asked.requests):
                raise ValueError("not a vector for each text")
            shown = embeddings.render_answer(answer, is_batch=self.asked.is_batch)
        except (ValueError, msgspec.DecodeError):
            raise NotAnAnswer("not_an_answer") from None
        guess = self.asked.demand.input_tokens_guess
        return Whole(shown, answer.usage or Usage(input_tokens=guess, is_estimated=True))

    def _as_openai(self, route: Route) -> bytes:
        body: dict[str, Any] = {"model": route.name, "input": self.asked.texts()}
        if (dimensions := self.asked.dimensions()) is not None:
            body["dimensions"] = dimensions
        return msgspec.json.encode(body)


def _of_openai(body: bytes) -> embeddings.Answer:
    given = _answer.decode(body)
    has_figure = given.usage is not None and given.usage.prompt_tokens >= 0
    usage = Usage(input_tokens=given.usage.prompt_tokens) if given.usage and has_figure else None
    return embeddings.Answer([each.embedding for each in given.data], usage)


def reading(*, is_batch: bool) -> Callable[[Exchange], Awaitable[EmbedRequest]]:
    """Reads requests of one of the two operations."""

    async def read(exchange: Exchange) -> EmbedRequest:
        body = await exchange.body()
        asked = embeddings.parse(body, model=exchange.params["model"], is_batch=is_batch)
        return EmbedRequest(asked)

    return read
