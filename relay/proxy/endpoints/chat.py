"""Chat completions to an Upstream that speaks them: bytes pass through, but for a few changes."""

from dataclasses import dataclass
from typing import ClassVar

from relay.proxy import errors
from relay.proxy.answer_headers import Header
from relay.proxy.chat_request import ChatRequest, parse
from relay.proxy.dialect import Dialect
from relay.proxy.dialects import openai
from relay.proxy.errors import ApiError
from relay.proxy.request import SSE_HEADERS, Demand, NotAnAnswer, Outgoing, Reader, Whole
from relay.proxy.types import Route, Site


@dataclass(frozen=True, slots=True)
class ChatCompletion:
    """Implements `request.Request`."""

    body: ChatRequest
    endpoint: ClassVar[str] = "chat/completions"
    dialect: ClassVar[Dialect] = Dialect.CHAT

    @property
    def model(self) -> str:
        return self.body.model

    @property
    def is_stream(self) -> bool:
        return self.body.is_stream

    @property
    def demand(self) -> Demand:
        return self.body.demand

    def outgoing(self, route: Route, output_tokens_cap: int | None) -> Outgoing:
        """See `Request.outgoing`."""
        body = self.body.body_for(route.name, output_tokens_cap=output_tokens_cap)
        return Outgoing(route.wire.path(self.endpoint, route.name), body, route.wire.json_head)

    def reader(self, route: Route, content_type: bytes) -> Reader:
        """See `Request.reader`."""
        if b"event-stream" not in content_type:
            raise NotAnAnswer("not_a_stream")
        return openai.StreamReader(self.body.wants_usage_frame)

    def stream_headers(self, content_type: bytes) -> tuple[Header, ...]:
        """See `Request.stream_headers`."""
        return SSE_HEADERS

    def failure(self, error: ApiError, reader: Reader, site: Site, request_id: str) -> bytes:
        """See `Request.failure`: an error event, and no `[DONE]`."""
        return errors.event(error, site.contract, self.dialect, site.language, request_id)

    def whole(self, route: Route, body: bytes, content_type: bytes) -> Whole:
        """See `Request.whole`."""
        answer = openai.read_answer(body)
        if not answer.is_valid:
            raise NotAnAnswer("not_an_answer")
        shown = route.renaming.apply(body) if route.renaming is not None else body
        return Whole(shown, answer.usage)


def read(body: bytes) -> ChatCompletion:
    """The request in a body; raises ApiError naming what is wrong."""
    return ChatCompletion(parse(body))
