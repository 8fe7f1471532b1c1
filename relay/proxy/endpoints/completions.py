"""`/v1/completions`: OpenAI's completions of a text, passed through.

Source: OpenAI API reference, "Create completion", read 2026-11. `best_of` answers are all made and
paid for, though fewer are shown; a request may have several prompts.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

import msgspec

from relay.proxy import errors, json_objects
from relay.proxy.answer_headers import Header
from relay.proxy.dialect import Dialect
from relay.proxy.dialects.chat import wire
from relay.proxy.dialects.chat.checks import CHOICES_MAX
from relay.proxy.dialects.chat.envelope import forced_usage
from relay.proxy.dialects.decoding import output_cap, read, whole_number, wrong
from relay.proxy.dialects.service_tier import refuse_others
from relay.proxy.endpoints.asked import path_of
from relay.proxy.endpoints.plain_bodies import texts_in
from relay.proxy.errors import ApiError
from relay.proxy.estimate import DeliveredCounter, texts_of, tokens_of_bytes, tokens_of_texts
from relay.proxy.exchange import Exchange
from relay.proxy.request import SSE_HEADERS, Demand, NotAnAnswer, Outgoing, Reader, Whole
from relay.proxy.types import Route, Site

BEST_OF_MAX = 20
_TEXTS = texts_of("text")
Penalty = Annotated[float, msgspec.Meta(ge=-2, le=2)]


class _StreamOptions(msgspec.Struct):
    include_usage: bool | None = None


class _Body(msgspec.Struct):
    model: str
    prompt: msgspec.Raw
    stream: bool | None = None
    stream_options: _StreamOptions | None = None
    max_tokens: int | float | None = None
    n: int | float | None = None
    best_of: int | float | None = None
    echo: bool | None = None
    logprobs: Annotated[int, msgspec.Meta(ge=0, le=5)] | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    suffix: str | None = None
    service_tier: str | None = None


_body = msgspec.json.Decoder(_Body)


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """Implements `request.Request`."""

    model: str
    is_stream: bool
    wants_usage_frame: bool
    demand: Demand
    fields: Mapping[str, msgspec.Raw] = field(repr=False)
    endpoint: ClassVar[str] = "completions"
    dialect: ClassVar[Dialect] = Dialect.CHAT

    def spoken(self, route: Route) -> Dialect:
        """See `Request.spoken`."""
        return self.dialect

    def outgoing(self, route: Route, output_tokens_cap: int | None) -> Outgoing:
        """See `Request.outgoing`."""
        path = path_of(self.endpoint, route, self.model)
        fields: dict[str, Any] = {**self.fields, "model": route.name}
        if self.is_stream:
            fields["stream_options"] = forced_usage(self.fields.get("stream_options"))
        if output_tokens_cap is not None:
            fields["max_tokens"] = output_tokens_cap
        body = route.wire.renamed(msgspec.json.encode(fields))
        return Outgoing(path, body, route.wire.json_head)

    def reader(self, route: Route, content_type: bytes) -> Reader:
        """See `Request.reader`."""
        if b"event-stream" not in content_type:
            raise NotAnAnswer("not_a_stream")
        return wire.StreamReader(
            wants_usage_frame=self.wants_usage_frame, _delivered=DeliveredCounter(_TEXTS)
        )

    def stream_headers(self, content_type: bytes) -> tuple[Header, ...]:
        """See `Request.stream_headers`."""
        return SSE_HEADERS

    def failure(self, error: ApiError, reader: Reader, site: Site, request_id: str) -> bytes:
        """See `Request.failure`: an error event, and no `[DONE]`."""
        return errors.event(error, site.contract, self.dialect, site.language, request_id)

    def whole(self, route: Route, body: bytes, content_type: bytes) -> Whole:
        """See `Request.whole`."""
        answer = wire.read_answer(body)
        if not answer.is_valid:
            raise NotAnAnswer("not_an_answer")
        shown = route.renaming.whole(body) if route.renaming is not None else body
        return Whole(shown, answer.usage, count=lambda: tokens_of_texts(body, _TEXTS))


async def read_completion(exchange: Exchange) -> CompletionRequest:
    """The request; raises ApiError naming what is wrong."""
    body = await exchange.body()
    looked = read(_body, body)
    if not looked.model.isprintable():
        raise wrong("model", "must be printable text")
    refuse_others(looked.service_tier)
    prompts = texts_in(looked.prompt, "prompt")
    shown = whole_number("n", looked.n, highest=CHOICES_MAX) or 1
    made = whole_number("best_of", looked.best_of, highest=BEST_OF_MAX) or shown
    if made < shown:
        raise wrong("best_of", "must not be below 'n'")
    return CompletionRequest(
        model=looked.model,
        is_stream=bool(looked.stream),
        wants_usage_frame=bool(looked.stream_options and looked.stream_options.include_usage),
        fields=json_objects.fields.decode(body),
        demand=Demand(
            input_tokens_bound=len(body),
            input_tokens_guess=tokens_of_bytes(body),
            output_tokens_asked=output_cap("max_tokens", looked.max_tokens, lowest=0),
            choices=made * prompts,
            inputs=prompts,
        ),
    )
