"""uvicorn's WebSocket with a drain: `--ws config.sockets:DrainingSocket`.

uvicorn closes every socket as soon as it is told to stop. Realtime sessions go on for the drain
time (`--timeout-graceful-shutdown`), as other Calls do; then the relay closes them with 1012.
"""

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

DRAINED_SUFFIX = "/realtime"


class DrainingSocket(WebSocketsSansIOProtocol):
    """One connection. Pages' sockets are closed at once: they open another elsewhere."""

    def shutdown(self) -> None:
        """The server stops."""
        is_open = self.handshake_complete and not self.close_sent
        if is_open and self.scope["path"].endswith(DRAINED_SUFFIX):
            return  # the server waits for it, and cancels its task in the end
        super().shutdown()
