"""Requests with a JSON body and one JSON answer, as OpenAI's kind takes them: embeddings,
moderations, rerank. They pass through under the Route's model name; usage is read off the answer.

Sources, read 2026-11: OpenAI API reference, "Embeddings" and "Moderations"; Cohere and Jina API
references, "Rerank".
"""

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from relay.proxy.dialects.decoding import NULL, is_given
from relay.proxy.endpoints.asked import AskedJson
from relay.proxy.endpoints.one_piece import OnePiece
from relay.proxy.request import Demand, NotAnAnswer, Outgoing, Whole
from relay.proxy.types import Route, Usage


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    input_tokens: int | None = None
    total_tokens: int | None = None


class _Answer(msgspec.Struct):
    # Raw takes any value, null too; msgspec does not combine it with None.
    data: msgspec.Raw = NULL
    results: msgspec.Raw = NULL
    usage: _Usage | None = None
    error: msgspec.Raw = NULL


_answer = msgspec.json.Decoder(_Answer)


@dataclass(frozen=True, slots=True)
class PlainRequest(OnePiece):
    """Implements `request.Request`."""

    endpoint: str
    model: str
    fields: Mapping[str, msgspec.Raw]
    demand: Demand

    def outgoing(self, route: Route, output_tokens_cap: int | None) -> Outgoing:
        """See `Request.outgoing`."""
        return AskedJson(self.fields).outgoing(route, self.endpoint, self.model)

    def whole(self, route: Route, body: bytes, content_type: bytes) -> Whole:
        """See `Request.whole`. Without the upstream's figure the input is counted by us."""
        try:
            answer = _answer.decode(body)
        except (msgspec.DecodeError, RecursionError):
            raise NotAnAnswer("not_an_answer") from None
        if is_given(answer.error) or not (is_given(answer.data) or is_given(answer.results)):
            raise NotAnAnswer("not_an_answer")
        shown = route.renaming.whole(body) if route.renaming is not None else body
        told = answer.usage or _Usage()
        return Whole(shown, self.used(told.prompt_tokens, told.input_tokens, told.total_tokens))

    def used(self, *told: int | None) -> Usage:
        """By the first of the upstream's figures that makes sense, else by our own count."""
        for tokens in told:
            if tokens is not None and 0 <= tokens <= self.demand.input_tokens_bound:
                return Usage(input_tokens=tokens)
        return Usage(input_tokens=self.demand.input_tokens_guess, is_estimated=True)
