"""The caller's side of one HTTP request, over raw ASGI: body in, answer out, and its leaving."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, MutableMapping, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl

from relay.proxy.answer_headers import Header
from relay.proxy.errors import ApiError, Cause
from relay.proxy.recording import Recording, fingerprint_of

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

# Proxies between us and the client close what is silent for 30 s to 60 s.
KEEP_ALIVE_S = 15.0
COMMENT = b": keep-alive\n\n"  # WHATWG HTML, "Server-sent events": passed over by every reader

_BEARER = b"bearer "
# Where SDKs put the key, in the order in which we look (design, section 4.2).
_KEY_HEADERS = (b"x-api-key", b"api-key", b"x-goog-api-key")


class Client:
    """One request and its connection. Not reusable."""

    __slots__ = (
        "_is_watching",
        "_keep_alive",
        "_quiet_since",
        "_receive",
        "_send",
        "_watch",
        "every_answer",
        "fingerprint",
        "has_left",
        "headers",
        "is_started",
        "on_last",
        "recording",
        "scope",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.headers: dict[bytes, bytes] = dict(scope["headers"])
        self.has_left = False
        self.is_started = False
        self.fingerprint = fingerprint_of(self.headers)  # of the body, as it is read
        self.on_last: Callable[[], Awaitable[None]] | None = None  # runs before the last byte
        self.recording: Recording | None = None  # of the answer, where it may be asked for again
        self.every_answer: Sequence[Header] = ()  # headers that go with any answer
        self._receive = receive
        self._send = send
        self._watch: asyncio.Task[MutableMapping[str, Any]] | None = None
        self._is_watching = False
        self._quiet_since: float | None = None  # loop clock; None: no write has ended
        self._keep_alive: asyncio.Task[None] | None = None

    @property
    def host(self) -> str:
        """The Host header without its port, in lower case."""
        host = self.headers.get(b"host", b"").decode("latin-1").lower()
        if host.startswith("["):
            return host.partition("]")[0] + "]"
        return host.partition(":")[0]

    @property
    def ip(self) -> str:
        """Where the request comes from: behind proxies that uvicorn trusts, what they say.
        "" where nobody knows."""
        peer = self.scope.get("client")
        return str(peer[0]) if peer else ""

    def secret(self) -> str | None:
        """The API key, from whichever header has it, or from the query as Google's clients do."""
        authorization = self.headers.get(b"authorization", b"")
        given = [self.headers.get(name, b"") for name in _KEY_HEADERS]
        if authorization[:7].lower() == _BEARER:
            given.insert(0, authorization[7:])
        found = next((key.decode("latin-1") for each in given if (key := each.strip())), None)
        return found or self._query_key()

    def _query_key(self) -> str | None:
        query = self.scope.get("query_string", b"")
        return dict(parse_qsl(query.decode("latin-1"))).get("key") if b"key=" in query else None

    async def body(self, bytes_max: int) -> bytes:
        """The whole request body; raises as `pieces` does."""
        return b"".join([piece async for piece in self.pieces(bytes_max)])

    async def pieces(self, bytes_max: int) -> AsyncGenerator[bytes, None]:
        """The request body as it arrives.

        Raises ApiError: longer than `bytes_max`, or compressed; ConnectionError: the client left.
        """
        if self.headers.get(b"content-encoding", b"").lower() not in (b"", b"identity"):
            raise ApiError(Cause.ENCODING)
        announced = self.headers.get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > bytes_max:
            raise ApiError(Cause.TOO_LARGE, detail=str(bytes_max))
        size, has_more = 0, True
        while has_more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                self.has_left = True
                raise ConnectionResetError
            piece: bytes = message.get("body", b"")
            size += len(piece)
            if size > bytes_max:
                raise ApiError(Cause.TOO_LARGE, detail=str(bytes_max))
            has_more = message.get("more_body", False)
            if self.fingerprint is not None:
                self.fingerprint.feed(piece)
            yield piece

    def watch(self) -> None:
        """From now on, the client's leaving cancels the current task and sets `has_left`."""
        task = asyncio.current_task()
        self._is_watching = True

        def left(watch: asyncio.Task[MutableMapping[str, Any]]) -> None:
            if self._is_watching and task is not None and not watch.cancelled():
                self.has_left = True
                task.cancel()

        self._watch = asyncio.get_running_loop().create_task(self._until_disconnect())
        self._watch.add_done_callback(left)

    def unwatch(self) -> None:
        """From now on, the client's leaving changes nothing."""
        self._is_watching = False
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    async def _until_disconnect(self) -> MutableMapping[str, Any]:
        while (message := await self._receive())["type"] != "http.disconnect":
            pass
        return message

    async def start(self, status: int, headers: Iterable[Header]) -> None:
        """Send the head of the answer."""
        self.is_started = True
        if self.recording is not None:
            headers = tuple(headers)
            self.recording.start(status, headers)
        await self._send(
            {
                "type": "http.response.start",
                "status": status,
                "headers": [*headers, *self.every_answer],
            }
        )

    async def write(self, data: bytes, *, is_last: bool = False) -> None:
        """Send a piece of the answer; waits while the client reads slowly."""
        self._quiet_since = None
        if is_last and self.on_last is not None:
            on_last, self.on_last = self.on_last, None
            await on_last()
        if self.recording is not None:
            await self.recording.write(data, is_last=is_last)
        await self._send({"type": "http.response.body", "body": data, "more_body": not is_last})
        if not is_last:
            self._quiet_since = asyncio.get_running_loop().time()

    def keep_alive(self, now: float) -> None:
        """Send a comment to whoever has waited in silence; for SSE, between frames.

        Does nothing while a write is under way, or while the last comment is.
        """
        if self._quiet_since is None or now - self._quiet_since < KEEP_ALIVE_S:
            return
        if self._keep_alive is None or self._keep_alive.done():
            self._quiet_since = now
            self._keep_alive = asyncio.get_running_loop().create_task(self._comment())

    async def _comment(self) -> None:
        # A client that has left is noticed where its answer is written.
        with suppress(ConnectionError):
            await self._send({"type": "http.response.body", "body": COMMENT, "more_body": True})

    async def answer(self, status: int, headers: Iterable[Header], body: bytes) -> None:
        """Send a whole answer. A HEAD request gets the head alone."""
        length = (b"content-length", b"%d" % len(body))
        await self.start(status, (*headers, length))
        await self.write(b"" if self.scope["method"] == "HEAD" else body, is_last=True)
