"""What an endpoint makes of a request: what it may use, what to send upstream, how to read what
comes back. Protocols and plain data; each endpoint and dialect brings its own.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from relay.proxy.answer_headers import Header
from relay.proxy.dialect import Dialect
from relay.proxy.errors import ApiError, Framing
from relay.proxy.objects import Job
from relay.proxy.types import Route, Site, Usage
from relay.proxy.upstream.port import Body, HeaderBlock

# What must have a price so that a model can be called at all; any one of the sets will do.
Measures = tuple[tuple[str, ...], ...]
TOKENS: Measures = (("input", "output"),)

SSE_HEADERS: tuple[Header, ...] = (
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # nginx would hold chunks back
)
JSON_HEADERS: tuple[Header, ...] = ((b"content-type", b"application/json"),)


class Demand(msgspec.Struct, frozen=True):
    """What a request can use at most. Tokens of output are per choice; `units` and `token_kinds`
    are buckets of `Usage.other`: counts asked for, and where tokens may fall beside the usual."""

    input_tokens_bound: int = 0  # no tokenizer can find more
    input_tokens_guess: int = 0  # about what a tokenizer will find
    output_tokens_asked: int | None = None  # None: the model's own cap, which is ours to lower
    generates: bool = True  # False: no output at all, so none is held for
    is_free: bool = False  # counts as a request against limits, and costs nothing
    choices: int = 1
    inputs: int = 1  # each may be as long as the model's context
    units: Mapping[str, int] = {}
    units_guess: Mapping[str, int] | None = None  # of them, where nobody tells; None: all
    token_kinds: tuple[str, ...] = ()
    measures: Measures = TOKENS


class Outgoing(msgspec.Struct, frozen=True):
    """What one Route is asked. `path` follows the Upstream's base path."""

    path: str
    body: Body
    head: HeaderBlock
    method: bytes = b"POST"


class Whole(msgspec.Struct, frozen=True):
    """A whole answer, ready for the client. Where its usage is missing or makes no sense, output is
    counted: by `count`, or as the texts of a chat completion."""

    body: bytes
    usage: Usage | None
    headers: tuple[Header, ...] = JSON_HEADERS
    count: Callable[[], int] | None = None  # output tokens, by our own count
    job: Job | None = None  # it goes on at the upstream, and is paid when it is done


class Reader(Protocol):
    """Follows a streamed answer: what may go on now, and what was used.

    Once it is done, or has an error, it hands on nothing more.
    """

    @property
    def usage(self) -> Usage | None:
        """What the upstream said was used."""

    @property
    def is_done(self) -> bool:
        """Whether the upstream said that it ends here."""

    @property
    def has_error(self) -> bool:
        """Whether an error of the upstream went by, and was kept from the client."""

    @property
    def has_output(self) -> bool:
        """Whether something of the answer itself went by: from then on nobody else is asked."""

    def feed(self, chunk: bytes) -> bytes:
        """The bytes that may go to the client now."""

    @property
    def last(self) -> bytes:
        """What it kept back of a whole answer: it goes out after the debit."""

    @property
    def delivered_tokens(self) -> int:
        """Output tokens handed on so far, by our count."""

    @property
    def is_complete(self) -> bool:
        """Whether the answer is whole."""

    @property
    def has_overlong(self) -> bool:
        """Whether the client may hold half a frame."""

    @property
    def framing(self) -> Framing:
        """How the client's stream carries its values, and how far it has got."""


class NotAnAnswer(ValueError):
    """The upstream's 200 was none: the next Route may do better."""


class Request(Protocol):
    """A request that was found in order."""

    @property
    def endpoint(self) -> str:
        """The endpoint's name."""

    @property
    def dialect(self) -> Dialect:
        """Of answers and errors."""

    @property
    def model(self) -> str:
        """The public id that was asked for."""

    @property
    def is_stream(self) -> bool:
        """Whether the answer is handed on as it comes."""

    @property
    def demand(self) -> Demand:
        """What it can use at most."""

    def spoken(self, route: Route) -> Dialect:
        """The dialect in which this Route's Upstream is asked, and answers."""

    def outgoing(self, route: Route, output_tokens_cap: int | None) -> Outgoing:
        """What to send. Raises ApiError where this Route's Upstream can't be asked that."""

    def reader(self, route: Route, content_type: bytes) -> Reader:
        """For a streamed answer. Raises NotAnAnswer for a type that is no stream."""

    def stream_headers(self, content_type: bytes) -> tuple[Header, ...]:
        """The head of a streamed answer."""

    def failure(self, error: ApiError, reader: Reader, site: Site, request_id: str) -> bytes | None:
        """What ends a stream that fails; None where only cutting it off can tell."""

    def whole(self, route: Route, body: bytes, content_type: bytes) -> Whole:
        """A whole answer under its public model name. Raises NotAnAnswer."""
