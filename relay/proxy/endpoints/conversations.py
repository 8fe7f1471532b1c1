"""Chat in any dialect, on an Upstream of any dialect: where both speak the same, bytes pass through
but for a few changes; else request and answer are translated.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from relay.proxy import errors
from relay.proxy.answer_headers import Header
from relay.proxy.dialect import Dialect
from relay.proxy.dialects import translate
from relay.proxy.dialects.conversation import Conversation
from relay.proxy.dialects.events import Label
from relay.proxy.dialects.gemini import wire as gemini_wire
from relay.proxy.dialects.messages import wire as messages_wire
from relay.proxy.dialects.pass_through import Envelope
from relay.proxy.errors import ApiError, Framing
from relay.proxy.estimate import CHAT_TEXTS, texts_of, tokens_of_bytes, tokens_of_texts
from relay.proxy.exchange import Exchange
from relay.proxy.request import SSE_HEADERS, Demand, NotAnAnswer, Outgoing, Reader, Whole
from relay.proxy.types import Route, Site
from relay.proxy.upstream.port import HeaderBlock

# Where a conversation is had, by the dialect in which it is.
OPERATIONS: Mapping[Dialect, str] = {
    Dialect.CHAT: "chat/completions",
    Dialect.MESSAGES: "messages",
    Dialect.RESPONSES: "responses",
}
# The fields of whole answers that hold output.
_TEXTS = {
    Dialect.CHAT: CHAT_TEXTS,
    Dialect.MESSAGES: messages_wire.TEXTS,
    Dialect.GEMINI: gemini_wire.TEXTS,
    Dialect.RESPONSES: texts_of("text", "arguments", "refusal"),
}
NO_HEADERS = HeaderBlock(b"")
_GEMINI_WHOLE, _GEMINI_STREAM = "generateContent", "streamGenerateContent"


@dataclass(slots=True)
class ConversationRequest:
    """Implements `request.Request`. The common form is made only when a Route needs it."""

    native: Envelope
    dialect: Dialect
    endpoint: str
    parse: Callable[[], Conversation]
    request_id: str
    created: int  # Unix seconds
    stream_head: tuple[Header, ...] = SSE_HEADERS
    framing: Framing = Framing.SSE  # of the client's stream, when it begins
    native_head: HeaderBlock = NO_HEADERS  # goes along where nothing is translated
    _conversation: Conversation | None = field(default=None, repr=False)

    @property
    def model(self) -> str:
        """The public id that was asked for."""
        return self.native.model

    @property
    def is_stream(self) -> bool:
        """Whether the answer is handed on as it comes."""
        return self.native.is_stream

    @property
    def demand(self) -> Demand:
        """What it can use at most."""
        return self.native.demand

    def outgoing(self, route: Route, output_tokens_cap: int | None) -> Outgoing:
        """See `Request.outgoing`."""
        wire, dialect = route.wire, self.spoken(route)
        if dialect is self.dialect:
            body = self.native.body_for(route.name, output_tokens_cap=output_tokens_cap)
        else:
            conversation = self._for_upstream(route, output_tokens_cap)
            body = translate.request(conversation, dialect, route.name)
        path = wire.path(_operation(dialect, is_stream=self.is_stream), route.name)
        head = wire.json_head
        if self.native_head and dialect is self.dialect:
            head = HeaderBlock(head + self.native_head)
        return Outgoing(path, wire.renamed(body), head)

    def reader(self, route: Route, content_type: bytes) -> Reader:
        """See `Request.reader`."""
        if b"event-stream" not in content_type:
            raise NotAnAnswer("not_a_stream")
        dialect = self.spoken(route)
        if dialect is self.dialect:
            return self.native.reader()
        return translate.reader(
            upstream=dialect, client=self.dialect, label=self._label(), framing=self.framing
        )

    def stream_headers(self, content_type: bytes) -> tuple[Header, ...]:
        """See `Request.stream_headers`: the client's framing, whatever the upstream's."""
        return self.stream_head

    def failure(self, error: ApiError, reader: Reader, site: Site, request_id: str) -> bytes:
        """See `Request.failure`: an error event, and no false end."""
        return errors.event(
            error,
            site.contract,
            self.dialect,
            site.language,
            request_id,
            framing=reader.framing,
        )

    def whole(self, route: Route, body: bytes, content_type: bytes) -> Whole:
        """See `Request.whole`."""
        dialect = self.spoken(route)
        if dialect is self.dialect:
            seen = self.native.read_answer(body)
            if not seen.is_valid:
                raise NotAnAnswer("not_an_answer")
            shown = route.renaming.whole(body) if route.renaming is not None else body
            return Whole(shown, seen.usage, count=lambda: tokens_of_texts(body, _TEXTS[dialect]))
        try:
            translated = translate.whole(
                body, upstream=dialect, client=self.dialect, label=self._label()
            )
        except ValueError:
            raise NotAnAnswer("not_an_answer") from None
        text = translated.output_text
        return Whole(translated.body, translated.usage, count=lambda: tokens_of_bytes(text))

    def spoken(self, route: Route) -> Dialect:
        """The dialect to speak on a Route: the client's own where the Upstream has it."""
        speaks = route.wire.speaks
        return self.dialect if self.dialect in speaks else speaks[0]

    def _for_upstream(self, route: Route, output_tokens_cap: int | None) -> Conversation:
        """What is asked of the Upstream: our cap where it is lower, and usage in any case."""
        conversation = self._common()
        changes: dict[str, object] = {"wants_usage": True} if self.is_stream else {}
        if output_tokens_cap is not None:
            changes["output_tokens_max"] = output_tokens_cap
        elif conversation.output_tokens_max is None:
            # Some dialects want a cap, and their own guess at one would cut long answers.
            changes["output_tokens_max"] = route.output_tokens_max
        return replace(conversation, **changes)  # type: ignore[arg-type]

    def _common(self) -> Conversation:
        if self._conversation is None:
            self._conversation = self.parse()
        return self._conversation

    def _label(self) -> Label:
        return Label(self.request_id, self.model, self.created, self._common())


def _operation(dialect: Dialect, *, is_stream: bool) -> str:
    if dialect is Dialect.GEMINI:
        return _GEMINI_STREAM if is_stream else _GEMINI_WHOLE
    return OPERATIONS[dialect]


def of_body(
    exchange: Exchange, body: bytes, native: Envelope, *, created: int, dialect: Dialect
) -> ConversationRequest:
    """A request whose dialect says everything in its body."""
    return ConversationRequest(
        native=native,
        dialect=dialect,
        endpoint=exchange.endpoint,
        parse=lambda: translate.conversation(body, dialect),
        request_id=exchange.id,
        created=created,
    )
