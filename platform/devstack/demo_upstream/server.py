"""Starting the demo upstream: alone as a process, or beside the caller in a thread of its own."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any

import uvicorn

from devstack.demo_upstream.app import DemoUpstream
from devstack.demo_upstream.connection import DemoConnection
from devstack.demo_upstream.exchange import Options
from devstack.demo_upstream.realtime.socket import DemoSocket

LOOPBACK = "127.0.0.1"
KEEP_ALIVE_S = 75  # longer than a relay keeps an idle connection, so that the relay closes first
SHUTDOWN_S = 1  # streams of made-up words are not worth waiting for
_STOP_S = 5.0
_CONTROL_TIMEOUT_S = 10.0


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. OSError when the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Listening from here on: a client that connects before the server runs waits, and is served.
    return socket.create_server((host, port), family=family, backlog=2048)


def server(options: Options, *, log_level: str = "warning") -> uvicorn.Server:
    """The server, not yet running."""
    config = uvicorn.Config(
        DemoUpstream(options),
        loop="uvloop",
        http=DemoConnection,
        ws=DemoSocket,
        lifespan="off",
        log_config=None,
        log_level=log_level,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    return uvicorn.Server(config)


@dataclass(frozen=True, slots=True)
class Running:
    """A demo upstream that runs beside the caller."""

    port: int
    options: Options

    @property
    def root_url(self) -> str:
        """Where /healthz and /_demo/ are."""
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def base_url(self) -> str:
        """What an Upstream or an SDK takes as its base URL."""
        return f"{self.root_url}/v1"

    def calls(self, after: int = 0) -> list[dict[str, Any]]:
        """The calls seen with a sequence number above `after`, oldest first."""
        calls: list[dict[str, Any]] = self._control("GET", f"calls?after={after}")["calls"]
        return calls

    def totals(self) -> dict[str, dict[str, int]]:
        """Calls, tokens and bytes by ending."""
        totals: dict[str, dict[str, int]] = self._control("GET", "totals")
        return totals

    def routes(self) -> dict[str, dict[str, dict[str, int]]]:
        """Calls and usage in disjoint buckets, by route and ending."""
        routes: dict[str, dict[str, dict[str, int]]] = self._control("GET", "routes")
        return routes

    def clear(self) -> None:
        """Forget calls, sums and strikes."""
        self._control("DELETE", "calls")

    def _control(self, method: str, path: str) -> Any:
        connection = HTTPConnection(LOOPBACK, self.port, timeout=_CONTROL_TIMEOUT_S)
        with closing(connection):  # tests ask hundreds of times: httpx would load its CAs for each
            connection.request(method, f"/_demo/{path}")
            return json.loads(connection.getresponse().read())


@contextmanager
def running(options: Options | None = None, *, port: int = 0) -> Iterator[Running]:
    """A demo upstream in a thread of this process, on loopback, until the block ends."""
    options = options or Options()
    sock = listen(LOOPBACK, port)
    beside = server(options, log_level="critical")
    thread = threading.Thread(target=beside.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    try:
        yield Running(sock.getsockname()[1], options)
    finally:
        beside.should_exit = beside.force_exit = True
        thread.join(_STOP_S)
        sock.close()
