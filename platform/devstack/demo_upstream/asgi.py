"""The few lines of ASGI that the demo upstream needs: types, reading a body, one whole answer."""

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any

from devstack.demo_upstream.errors import Refusal

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Header = tuple[bytes, bytes]

JSON = b"application/json"

# Larger than any request that a relay lets through, small enough for a developer's machine.
REQUEST_BYTES_MAX = 32 * 1024 * 1024


async def read_body(receive: Receive) -> bytes | None:
    """The request's body; None when the client left before it was complete. Refusal 413."""
    message = await receive()
    if message["type"] == "http.request" and not message["more_body"]:
        whole: bytes = message["body"]  # the usual case: one packet, no copy
        return whole
    body = bytearray()
    while True:
        if message["type"] == "http.disconnect":
            return None
        body += message["body"]
        if len(body) > REQUEST_BYTES_MAX:
            raise Refusal(413, "The request body is too large.", code="request_too_large")
        if not message["more_body"]:
            return bytes(body)
        message = await receive()


async def answer(
    send: Send,
    status: int,
    body: bytes,
    *,
    content_type: bytes = JSON,
    headers: Iterable[Header] = (),
) -> None:
    """Send a whole response."""
    all_headers = [
        (b"content-type", content_type),
        (b"content-length", b"%d" % len(body)),
        *headers,
    ]
    await send({"type": "http.response.start", "status": status, "headers": all_headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
