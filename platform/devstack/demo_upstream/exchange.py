"""One call being answered: what is known of it, and writes that are counted and notice leaving.

It decides nothing about the answer; `whole`, `stream` and `faults` do.
"""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field

from devstack.demo_upstream import asgi
from devstack.demo_upstream.asgi import JSON, Header, Send
from devstack.demo_upstream.calls import CLIENT_CLOSED, COMPLETED, Call
from devstack.demo_upstream.connection import DemoConnection
from devstack.demo_upstream.directives import Directive, Fault
from devstack.demo_upstream.reply import Reply, Stamp
from devstack.demo_upstream.shapes import Shape


@dataclass(frozen=True, slots=True)
class Options:
    """How a demo upstream was started. `name` is what `only=` in a directive matches."""

    name: str = "demo"
    api_key: str | None = None
    pace_ms: int = 0


@dataclass(slots=True)
class Exchange:
    """`fault` is the one that strikes this call, after `times` and `only` were heard."""

    connection: DemoConnection
    send: Send
    call: Call
    reply: Reply
    shape: Shape
    fault: Fault | None
    options: Options
    stamp: Stamp = field(init=False)

    def __post_init__(self) -> None:
        self.stamp = Stamp(f"{self.options.name}-{self.call.sequence}", int(time.time()))

    @property
    def directive(self) -> Directive:
        """What the request told us to do."""
        return self.reply.directive

    @property
    def pace_s(self) -> float:
        """The pause between two chunks: the directive's, else the server's."""
        pace_ms = self.directive.pace_ms
        return (self.options.pace_ms if pace_ms is None else pace_ms) / 1000

    @property
    def fault_ending(self) -> str:
        """The ending of a call that its fault ended."""
        return f"fault:{self.fault}"

    def headers(self) -> list[Header]:
        """Headers of an upstream's own, which a relay has no reason to pass on."""
        request_id = b"req-" + self.stamp.suffix.encode()
        return [(b"x-request-id", request_id), (b"x-demo-upstream", self.options.name.encode())]

    async def start(self, status: int, content_type: bytes, *, length: int | None = None) -> None:
        """Send the response's head; without a length the body is chunked."""
        self.call.status = status
        headers = [(b"content-type", content_type), *self.headers()]
        if length is not None:
            headers.append((b"content-length", b"%d" % length))
        await self.send({"type": "http.response.start", "status": status, "headers": headers})

    async def write(self, data: bytes, tokens: int = 0) -> bool:
        """Send a part of the body that delivers `tokens`; False when the client has left.

        What is counted as sent was handed to the operating system's socket or waits in uvicorn's
        64 KB before it; how much of that a client took, nobody on this side can know.
        """
        await self.send({"type": "http.response.body", "body": data, "more_body": True})
        if self.connection.is_gone:
            return False
        self.call.tokens_sent += tokens
        self.call.bytes_sent += len(data)
        return True

    async def finish(self) -> str:
        """End the body; returns how the call ended."""
        if self.connection.is_gone:
            return CLIENT_CLOSED
        await self.send({"type": "http.response.body", "body": b"", "more_body": False})
        return COMPLETED

    async def answer(
        self,
        status: int,
        body: bytes,
        *,
        tokens: int = 0,
        content_type: bytes = JSON,
        headers: Iterable[Header] = (),
    ) -> str:
        """Send a whole response that delivers `tokens`; returns how the call ended."""
        if self.connection.is_gone:
            return CLIENT_CLOSED
        self.call.status = status
        own = [*self.headers(), *headers]
        await asgi.answer(self.send, status, body, content_type=content_type, headers=own)
        self.call.tokens_sent += tokens
        self.call.bytes_sent += len(body)
        return COMPLETED
