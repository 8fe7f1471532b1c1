"""From one dialect to another: requests, whole answers and streams. Sans-IO; knows no Call.

A codec is what a dialect's package offers; every pair of dialects goes over the common form, so
that there are as many codecs as dialects and no pair has code of its own.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from relay.proxy.causes import Cause
from relay.proxy.dialect import Dialect
from relay.proxy.dialects import events as ev
from relay.proxy.dialects.chat import answer as chat_answer
from relay.proxy.dialects.chat import request as chat_request
from relay.proxy.dialects.chat import stream as chat_stream
from relay.proxy.dialects.conversation import Conversation
from relay.proxy.dialects.events import Event, Label, StreamParser, StreamRenderer
from relay.proxy.dialects.gemini import answer as gemini_answer
from relay.proxy.dialects.gemini import request as gemini_request
from relay.proxy.dialects.gemini import stream as gemini_stream
from relay.proxy.dialects.messages import answer as messages_answer
from relay.proxy.dialects.messages import request as messages_request
from relay.proxy.dialects.messages import stream as messages_stream
from relay.proxy.dialects.responses import answer as responses_answer
from relay.proxy.dialects.responses import request as responses_request
from relay.proxy.dialects.responses import stream as responses_stream
from relay.proxy.errors import Framing
from relay.proxy.estimate import DeliveredCounter
from relay.proxy.types import Usage


class Codec(NamedTuple):
    """How to read and write one dialect."""

    render_request: Callable[[Conversation, str], bytes]
    parse_answer: Callable[[bytes], list[Event]]  # raises ValueError when it is none
    render_answer: Callable[[Iterable[Event], Label], bytes]
    stream_parser: Callable[[], StreamParser]
    stream_renderer: Callable[[Label], StreamRenderer]


CODECS: Mapping[Dialect, Codec] = {
    Dialect.CHAT: Codec(
        chat_request.render,
        chat_answer.parse,
        chat_answer.render,
        chat_stream.StreamParser,
        chat_stream.StreamRenderer,
    ),
    Dialect.GEMINI: Codec(
        gemini_request.render,
        gemini_answer.parse,
        gemini_answer.render,
        gemini_stream.StreamParser,
        gemini_stream.StreamRenderer,
    ),
    Dialect.MESSAGES: Codec(
        messages_request.render,
        messages_answer.parse,
        messages_answer.render,
        messages_stream.StreamParser,
        messages_stream.StreamRenderer,
    ),
    Dialect.RESPONSES: Codec(
        responses_request.render,
        responses_answer.parse,
        responses_answer.render,
        responses_stream.StreamParser,
        responses_stream.StreamRenderer,
    ),
}


# The dialects whose bodies say everything; Gemini names the model in the path.
_PARSERS: Mapping[Dialect, Callable[[bytes], Conversation]] = {
    Dialect.CHAT: chat_request.parse,
    Dialect.MESSAGES: messages_request.parse,
    Dialect.RESPONSES: responses_request.parse,
}


def conversation(
    body: bytes, dialect: Dialect, *, model: str = "", is_stream: bool = False
) -> Conversation:
    """Read a client's request; `model` and `is_stream` are what the path says, for Gemini. Raises
    ApiError (400) for what is wrong or can't be translated."""
    if dialect is Dialect.GEMINI:
        return gemini_request.parse(body, model=model, is_stream=is_stream)
    return _PARSERS[dialect](body)


def request(conversation: Conversation, dialect: Dialect, upstream_model: str) -> bytes:
    """The request for an upstream. Raises ApiError (400) for what its dialect can't say."""
    return CODECS[dialect].render_request(conversation, upstream_model)


class WholeAnswer(NamedTuple):
    """A translated answer. `text_bytes` is how much text it holds, for where usage is None."""

    body: bytes
    usage: Usage | None
    output_text: bytes


def whole(body: bytes, *, upstream: Dialect, client: Dialect, label: Label) -> WholeAnswer:
    """A whole answer in the client's dialect. Raises ValueError when `body` is no answer."""
    events = CODECS[upstream].parse_answer(body)
    usages = [event.usage for event in events if isinstance(event, ev.UsageSeen)]
    text = "".join([_text(event) for event in events]).encode()
    rendered = CODECS[client].render_answer(events, label)
    return WholeAnswer(rendered, usages[-1] if usages else None, text)


def reader(
    *, upstream: Dialect, client: Dialect, label: Label, framing: Framing = Framing.SSE
) -> "TranslatingReader":
    """A stream reader that reads the upstream's dialect and gives the client's. Only Gemini's
    clients may want another framing than server-sent events."""
    parser = CODECS[upstream].stream_parser()
    if framing is not Framing.SSE:
        return TranslatingReader(parser, gemini_stream.StreamRenderer(label, framing))
    return TranslatingReader(parser, CODECS[client].stream_renderer(label))


def _text(event: Event) -> str:
    """The output that an event carries, as far as it is text."""
    match event:
        case ev.TextDelta() | ev.ThinkingDelta() | ev.RefusalDelta() | ev.ArgumentsDelta():
            return event.text
    return ""


@dataclass(slots=True)
class TranslatingReader:
    """A stream between two dialects, with the interface of a pass-through StreamReader.

    An empty chunk says that the upstream's body is over.
    """

    _parser: StreamParser
    _renderer: StreamRenderer
    usage: Usage | None = None
    is_done: bool = False
    is_finished: bool = False
    has_error: bool = False
    has_output: bool = False
    last: bytes = b""  # what goes out after settlement
    cause: Cause | None = None  # why the upstream broke off, where it said so
    has_overlong: bool = False  # frames are ours and whole, however long
    _delivered: DeliveredCounter = field(default_factory=DeliveredCounter)

    def feed(self, chunk: bytes) -> bytes:
        """The bytes that may go to the client now."""
        if self.is_done or self.has_error:
            return b""
        events = self._parser.feed(chunk) if chunk else self._parser.end()
        return b"".join([self._rendered(event) for event in events])

    @property
    def delivered_tokens(self) -> int:
        """Output tokens handed on so far, by our count."""
        return self._delivered.tokens

    @property
    def framing(self) -> Framing:
        """How values stand in the client's stream, and how far an array has got."""
        renderer = self._renderer
        if isinstance(renderer, gemini_stream.StreamRenderer):
            return renderer.framing
        return Framing.SSE

    @property
    def is_complete(self) -> bool:
        """Whether the answer is whole."""
        return self.is_done

    def _rendered(self, event: Event) -> bytes:
        if self.is_done or self.has_error:
            return b""
        match event:
            case ev.Ended():
                self.is_done = True
                self.last = self._renderer.render(event)
                return b""
            case ev.Failed():
                self.has_error, self.cause = True, event.cause
                return b""
            case ev.UsageSeen():
                self.usage = event.usage
            case ev.Finished():
                self.is_finished = self.has_output = True
            case ev.PartStarted():
                self.has_output = True
        if (text := _text(event)) or isinstance(event, ev.MediaDelta):
            self._delivered.add_text(text)
        return self._renderer.render(event)
