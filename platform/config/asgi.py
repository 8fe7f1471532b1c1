"""The one ASGI application: `/v1/…` to the relay, other WebSockets to Channels, the rest to Django.

Serve it with uvicorn. daphne, the development server, never sends `lifespan`: then the relay starts
with the first call.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django_application = get_asgi_application()  # first: it makes the apps ready for what follows

from channels.auth import AuthMiddlewareStack  # noqa: E402
from channels.routing import URLRouter  # noqa: E402

from config.relay import RelayProcess  # noqa: E402
from relay.web.live_urls import websocket_urlpatterns  # noqa: E402

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

RELAY_PREFIXES = ("/v1/", "/v1beta/", "/compatible-mode/v1/")


class Application:
    """Sends each connection where it belongs, and starts and stops what the relay needs."""

    def __init__(self) -> None:
        self._relay: RelayProcess | None = None
        self._starting = asyncio.Lock()
        self._sockets = AuthMiddlewareStack(URLRouter(websocket_urlpatterns))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind = scope["type"]
        if kind == "http" and scope["path"].startswith(RELAY_PREFIXES):
            relay = self._relay or await self._start()
            await relay.app(scope, receive, send)
        elif kind == "http":
            await django_application(scope, receive, send)  # type: ignore[arg-type]
        elif kind == "websocket" and scope["path"].startswith(RELAY_PREFIXES):
            relay = self._relay or await self._start()
            await relay.realtime(scope, receive, send)
        elif kind == "websocket":
            await self._sockets(scope, receive, send)
        elif kind == "lifespan":
            await self._lifespan(receive, send)

    async def _start(self) -> RelayProcess:
        async with self._starting:
            if self._relay is None:
                relay = RelayProcess.from_settings()
                await relay.start()
                self._relay = relay
        return self._relay

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self._start()
        except Exception as error:  # outermost frame: uvicorn shows the message and exits
            await send({"type": "lifespan.startup.failed", "message": repr(error)})
            raise
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self._relay is not None:
            await self._relay.stop()
        await send({"type": "lifespan.shutdown.complete"})


application = Application()
