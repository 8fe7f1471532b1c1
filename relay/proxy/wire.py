"""How an Upstream is spoken to: which dialects it has, where each operation lives, under which
headers. Worked out once per Route, from the upstream's kind and the operator's quirks. Pure.

Sources, read 2026-11: OpenAI "API reference"; Anthropic "Messages" and "Versions"; Google
"Gemini API: generateContent"; Microsoft "Azure OpenAI in Foundry Models REST API reference".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum, unique
from urllib.parse import quote

import msgspec

from relay.proxy import json_objects
from relay.proxy.dialect import Dialect
from relay.proxy.upstream.port import HeaderBlock
from relay.proxy.upstream.request_head import header_block

ANTHROPIC_VERSION = b"2023-06-01"
AZURE_API_VERSION = "2024-10-21"


@unique
class Kind(StrEnum):
    """What API an Upstream has; the values of `Upstream.dialect`."""

    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    GEMINI = "gemini"
    AZURE = "azure-openai"


# What each speaks, the best first; `speaks` of the quirks replaces it.
_SPEAKS: Mapping[Kind, tuple[Dialect, ...]] = {
    Kind.OPENAI: (Dialect.CHAT,),
    Kind.ANTHROPIC: (Dialect.MESSAGES,),
    Kind.GEMINI: (Dialect.GEMINI,),
    Kind.AZURE: (Dialect.CHAT,),
}
_GEMINI_PATHS = {
    "generateContent": "/models/{name}:generateContent",
    "streamGenerateContent": "/models/{name}:streamGenerateContent?alt=sse",
    "embedContent": "/models/{name}:embedContent",
    "batchEmbedContents": "/models/{name}:batchEmbedContents",
    "countTokens": "/models/{name}:countTokens",
}
_AZURE_PATH = "/deployments/{name}/{operation}?api-version=" + AZURE_API_VERSION


@dataclass(frozen=True, slots=True)
class Quirks:
    """What differs at one vendor, as data. An operation is an endpoint's name.

    `paths` may hold `{name}` (the upstream's model name) and `{operation}`; `renames` are
    parameters of JSON bodies; `lacks` are operations that it does not have.
    """

    speaks: tuple[Dialect, ...] = ()
    paths: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    renames: Mapping[str, str] = field(default_factory=dict)
    lacks: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Wire:
    """One Upstream as a Route needs it. Both heads hold the credential and are never logged."""

    kind: Kind = Kind.OPENAI
    speaks: tuple[Dialect, ...] = (Dialect.CHAT,)
    json_head: HeaderBlock = field(default=HeaderBlock(b""), repr=False)
    bare_head: HeaderBlock = field(default=HeaderBlock(b""), repr=False)  # no content type
    quirks: Quirks = Quirks()

    def path(self, operation: str, name: str) -> str:
        """Where `operation` lives for a model, after the base path."""
        template = self.quirks.paths.get(operation)
        if template is None:
            template = _template(self.kind, operation)
        return template.replace("{name}", quote(name, safe="")).replace("{operation}", operation)

    def renamed(self, body: bytes) -> bytes:
        """A JSON body with the parameters that this vendor calls otherwise."""
        if not self.quirks.renames:
            return body
        renames = self.quirks.renames
        fields = json_objects.fields.decode(body)
        return msgspec.json.encode({renames.get(name, name): fields[name] for name in fields})

    def head_for(self, content_type: bytes) -> HeaderBlock:
        """The head of a body of another type than JSON."""
        return HeaderBlock(self.bare_head + header_block([(b"content-type", content_type)]))

    def has(self, operation: str) -> bool:
        """Whether there is any use in asking."""
        if operation in self.quirks.lacks:
            return False
        if operation in self.quirks.paths or self.kind in (Kind.OPENAI, Kind.AZURE):
            return True
        if self.kind is Kind.GEMINI:
            return operation in _GEMINI_PATHS
        return operation in ("messages", "messages/count_tokens")


def _template(kind: Kind, operation: str) -> str:
    if kind is Kind.GEMINI:
        return _GEMINI_PATHS.get(operation, "/" + operation)
    return _AZURE_PATH if kind is Kind.AZURE else "/" + operation


def wire(kind: Kind, credential: bytes, quirks: Quirks) -> Wire:
    """Put it together. ValueError for a credential or header that can't stand in a head."""
    bare: Sequence[tuple[bytes, bytes]] = [
        (b"accept", b"application/json, text/event-stream, */*;q=0.5"),
        (b"accept-encoding", b"identity"),  # bodies are passed on as they come
        (b"user-agent", b"tollgate"),
        *credential_headers(kind, credential),
        *((name.encode(), value.encode()) for name, value in quirks.headers.items()),
    ]
    return Wire(
        kind=kind,
        speaks=quirks.speaks or _SPEAKS[kind],
        json_head=header_block([(b"content-type", b"application/json"), *bare]),
        bare_head=header_block(bare),
        quirks=quirks,
    )


def credential_headers(kind: Kind, credential: bytes) -> list[tuple[bytes, bytes]]:
    """Where the vendor looks for its key; nothing without one."""
    given: list[tuple[bytes, bytes]] = []
    if kind is Kind.ANTHROPIC:
        given.append((b"anthropic-version", ANTHROPIC_VERSION))
    if not credential:
        return given
    if kind is Kind.ANTHROPIC:
        return [*given, (b"x-api-key", credential)]
    if kind is Kind.GEMINI:
        return [(b"x-goog-api-key", credential)]
    if kind is Kind.AZURE:
        return [(b"api-key", credential)]
    return [(b"authorization", b"Bearer " + credential)]


def quirks_of(given: Mapping[str, object]) -> Quirks:
    """Quirks as they are stored (JSON). ValueError names what is wrong."""
    known = {"speaks", "paths", "headers", "renames", "lacks"}
    if unknown := sorted(set(given) - known):
        raise ValueError(f"unknown quirk {unknown[0]!r} (known: {', '.join(sorted(known))})")
    return Quirks(
        speaks=tuple(Dialect(each) for each in _texts(given, "speaks")),
        paths=_mapping(given, "paths"),
        headers=_mapping(given, "headers"),
        renames=_mapping(given, "renames"),
        lacks=frozenset(_texts(given, "lacks")),
    )


def _texts(given: Mapping[str, object], name: str) -> list[str]:
    found = given.get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise ValueError(f"{name} is a list of texts")
    return found


def _mapping(given: Mapping[str, object], name: str) -> dict[str, str]:
    found = given.get(name, {})
    if not isinstance(found, dict) or not all(isinstance(each, str) for each in found.values()):
        raise ValueError(f"{name} is a mapping of texts")
    return found
