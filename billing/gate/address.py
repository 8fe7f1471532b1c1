"""Where Redis is, read from its URL. Never connects; never shows the password."""

import ssl
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

DEFAULT_PORT = 6379


@dataclass(frozen=True, slots=True)
class Address:
    """A Redis server as the gate's connection needs it: TCP, TLS or a unix socket."""

    host: str
    port: int
    socket_path: str | None = None
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    database: int = 0
    tls: ssl.SSLContext | None = field(default=None, repr=False)

    @property
    def label(self) -> str:
        """How logs and errors name the server; holds no credential."""
        return self.socket_path or f"{self.host}:{self.port}"

    def greeting(self) -> list[tuple[str, ...]]:
        """The commands that make a new connection usable, in order."""
        commands: list[tuple[str, ...]] = []
        if self.password is not None:
            credential = (self.username, self.password) if self.username else (self.password,)
            commands.append(("AUTH", *credential))
        if self.database:
            commands.append(("SELECT", str(self.database)))
        # PING tells a server that is still loading its data, and one that is stopped; INFO which
        # process it is
        return [*commands, ("PING",), ("INFO", "server")]


def parse_address(url: str) -> Address:
    """The address in `redis://`, `rediss://` (verified TLS) or `unix://` form, as in redis-py.

    Raises ValueError for anything else, without repeating the URL.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("a Redis URL starts with redis://, rediss:// or unix://")
    named = parse_qs(parts.query).get("db", [""])[0]
    database = named or (parts.path.strip("/") if parts.scheme != "unix" else "") or "0"
    if not database.isdecimal():
        raise ValueError("the database of a Redis URL must be a number")
    return Address(
        host=parts.hostname or "localhost",
        port=parts.port or DEFAULT_PORT,
        socket_path=unquote(parts.path) if parts.scheme == "unix" else None,
        username=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        database=int(database),
        tls=ssl.create_default_context() if parts.scheme == "rediss" else None,
    )
