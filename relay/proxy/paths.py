"""From a path and method to its endpoint. Pure; exact paths first, which are the hot ones."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from relay.proxy.dialect import Dialect
from relay.proxy.errors import ApiError, Cause
from relay.proxy.exchange import Endpoint

Methods = dict[str, Endpoint]


@dataclass(slots=True)
class Paths:
    """The route table. `{name}` in a path matches one segment, `{name+}` the rest of it."""

    _exact: dict[str, Methods] = field(default_factory=dict)
    _patterns: list[tuple[str, re.Pattern[str], Methods]] = field(default_factory=list)

    def add(self, method: str, path: str, endpoint: Endpoint) -> None:
        """Serve `path`. ValueError when it is served already."""
        methods = self._methods(path)
        if method in methods:
            raise ValueError(f"{method} {path} is served twice")
        methods[method] = endpoint

    def find(
        self, method: str, path: str, aliases: Sequence[str] = ()
    ) -> tuple[Endpoint, Mapping[str, str]]:
        """The endpoint and the variable parts of the path. `aliases` are prefixes that stand for
        `/v1` on the site.

        Raises ApiError: nobody serves the path, or not by this method.
        """
        methods, params = self._served(path, aliases)
        endpoint = methods.get("GET" if method == "HEAD" else method)
        if endpoint is None:
            raise ApiError(Cause.METHOD_NOT_ALLOWED, detail=", ".join(allowed(methods)))
        return endpoint, params

    def methods(self, path: str, aliases: Sequence[str] = ()) -> list[str]:
        """What an `Allow` header lists for a path. Raises ApiError when nobody serves it."""
        return [*allowed(self._served(path, aliases)[0]), "OPTIONS"]

    def all(self) -> list[tuple[str, str, Endpoint]]:
        """Every (method, path, endpoint), for tests and documents."""
        tables = [*self._exact.items(), *((path, each) for path, _, each in self._patterns)]
        return [(method, path, each[method]) for path, each in tables for method in each]

    def _served(self, path: str, aliases: Sequence[str]) -> tuple[Methods, Mapping[str, str]]:
        for alias in aliases:
            if path.startswith(alias + "/"):
                path = "/v1" + path.removeprefix(alias)
        methods, params = self._exact.get(path), _NO_PARAMS
        if methods is None:
            methods, params = self._match(path)
        if not methods:
            raise ApiError(Cause.NOT_FOUND, detail=path[:200])
        return methods, params

    def _methods(self, path: str) -> Methods:
        if "{" not in path:
            return self._exact.setdefault(path, {})
        for known, _, served in self._patterns:
            if known == path:
                return served
        pattern = re.escape(path)
        pattern = re.sub(r"\\\{([a-z_]+)\\\+\\\}", r"(?P<\1>.+)", pattern)
        pattern = re.sub(r"\\\{([a-z_]+)\\\}", r"(?P<\1>[^/:]+)", pattern)
        methods: Methods = {}
        self._patterns.append((path, re.compile(pattern), methods))
        return methods

    def _match(self, path: str) -> tuple[Methods | None, Mapping[str, str]]:
        for _, pattern, methods in self._patterns:
            if (match := pattern.fullmatch(path)) is not None:
                return methods, match.groupdict()
        return None, _NO_PARAMS


_NO_PARAMS: Mapping[str, str] = {}


def allowed(methods: Methods) -> list[str]:
    """What an `Allow` header lists."""
    return sorted({*methods, *(["HEAD"] if "GET" in methods else [])})


def dialect_of(path: str) -> Dialect:
    """In whose shape a path that nobody serves is told so."""
    if path.startswith("/v1/messages"):
        return Dialect.MESSAGES
    if path.startswith("/v1beta/") or re.search(r"/models/[^/]+:", path):
        return Dialect.GEMINI
    return Dialect.CHAT
