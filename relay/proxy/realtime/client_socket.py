"""The caller's side of a WebSocket over raw ASGI: refused with an HTTP status where the server can
do that (ASGI's "WebSocket Denial Response"), else accepted, told, and closed."""

from collections.abc import Iterable, Sequence

from relay.proxy.answer_headers import Header
from relay.proxy.client import Receive, Scope, Send
from relay.proxy.errors import Answer

# Browsers can't send headers with a WebSocket: OpenAI's clients put the key in a subprotocol.
KEY_PROTOCOL = "openai-insecure-api-key."
BETA_PROTOCOL = "openai-beta.realtime-v1"
PROTOCOL = "realtime"
_KEY_HEADERS = frozenset((b"authorization", b"x-api-key", b"api-key"))
# RFC 6455 leaves 4000-4999 to applications: ours are 4000 and the HTTP status.
CLOSE_BASE = 4_000
NORMAL, GOING_AWAY, NOT_TEXT, INTERNAL, RESTART = 1000, 1001, 1003, 1011, 1012


class ClientGone(Exception):
    """The client has closed the socket, or its connection broke."""


class ClientSocket:
    """One WebSocket. Not reusable."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._is_accepted = False
        self._is_over = False

    @property
    def offered(self) -> Sequence[str]:
        """The subprotocols that the client named."""
        return self._scope.get("subprotocols") or ()

    @property
    def is_beta(self) -> bool:
        """Whether the client speaks the beta's names."""
        headers = dict(self._scope["headers"])
        return BETA_PROTOCOL in self.offered or b"realtime=v1" in headers.get(b"openai-beta", b"")

    def request_scope(self) -> Scope:
        """The handshake as the GET request that it is, with its key in a header."""
        headers = list(self._scope["headers"])
        if not any(name in _KEY_HEADERS for name, _ in headers):
            keys = [each for each in self.offered if each.startswith(KEY_PROTOCOL)]
            for key in keys[:1]:
                secret = key.removeprefix(KEY_PROTOCOL).encode("latin-1", "replace")
                headers.append((b"authorization", b"Bearer " + secret))
        return {**self._scope, "method": "GET", "headers": headers}

    async def connected(self) -> None:
        """Wait for the handshake. ClientGone when it never came."""
        message = await self._receive()
        if message["type"] != "websocket.connect":
            raise ClientGone

    async def accept(self, headers: Iterable[Header]) -> None:
        """Open the socket."""
        subprotocol = PROTOCOL if PROTOCOL in self.offered else None
        accept = {"type": "websocket.accept", "subprotocol": subprotocol, "headers": [*headers]}
        self._is_accepted = True
        await self._put(accept)

    async def refuse(self, answer: Answer, event: bytes) -> None:
        """Answer the handshake with an error."""
        if self._is_accepted or self._is_over:
            return
        if "websocket.http.response" not in (self._scope.get("extensions") or {}):
            await self.accept([])
            await self.send(event)
            await self.close(CLOSE_BASE + answer.status)
            return
        length = (b"content-length", b"%d" % len(answer.body))
        start = "websocket.http.response.start"
        headers = [*answer.headers, length]
        await self._put({"type": start, "status": answer.status, "headers": headers})
        await self._put({"type": "websocket.http.response.body", "body": answer.body})
        self._is_over = True

    async def receive(self) -> bytes | None:
        """The next message as UTF-8; None for a binary one. ClientGone at the end."""
        message = await self._receive()
        if message["type"] != "websocket.receive":
            self._is_over = True
            raise ClientGone
        text: str | None = message.get("text")
        return None if text is None else text.encode()

    async def send(self, message: bytes) -> None:
        """Send text; waits while the client reads slowly. ClientGone when nobody reads."""
        await self._put({"type": "websocket.send", "text": message.decode(errors="replace")})

    async def close(self, code: int) -> None:
        """Close, unless that has happened."""
        if not self._is_over:
            self._is_over = True
            await self._put({"type": "websocket.close", "code": code}, is_last=True)

    async def _put(self, message: Scope, *, is_last: bool = False) -> None:
        if self._is_over and not is_last:
            raise ClientGone
        try:
            await self._send(message)
        except (OSError, RuntimeError) as error:  # uvicorn: gone, or closed already
            self._is_over = True
            raise ClientGone from error
