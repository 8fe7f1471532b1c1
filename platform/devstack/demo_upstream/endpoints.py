"""Which path is answered by what: the table of everything that the demo upstream serves."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from devstack.demo_upstream.anthropic import messages
from devstack.demo_upstream.asgi import Scope
from devstack.demo_upstream.asked import Asked, header_of, query_of
from devstack.demo_upstream.azure import deployments
from devstack.demo_upstream.gemini import embed, generate
from devstack.demo_upstream.media import images, speech, transcripts, videos
from devstack.demo_upstream.openai import chat, completions, embeddings, moderations, rerank
from devstack.demo_upstream.reply import Reply
from devstack.demo_upstream.responses import create, stored
from devstack.demo_upstream.shapes import ANTHROPIC, AZURE, GOOGLE, OPENAI, RESPONSES, Shape


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One operation. `route` names it in the record; `reply` raises Refusal."""

    route: str
    shape: Shape
    reply: Callable[[Asked], Reply]


Found = tuple[Endpoint, Mapping[str, str]]


def _gemini(operation: str, reply: Callable[[Asked], Reply]) -> dict[tuple[str, str], Endpoint]:
    """An operation of Gemini's under both versions: its SDKs use either."""
    endpoint = Endpoint(operation, GOOGLE, reply)
    paths = (f"/{version}/models/{{model}}:{operation}" for version in ("v1beta", "v1"))
    return {("POST", path): endpoint for path in paths}


def _videos(path: str) -> dict[tuple[str, str], Endpoint]:
    """The jobs under one path. `videos/generations` stands before `videos/{id}` in the look-up."""
    route = path.removeprefix("/v1/")
    return {
        ("POST", path): Endpoint(route, OPENAI, videos.create),
        ("GET", path): Endpoint(f"{route}/list", OPENAI, videos.listed),
        ("GET", f"{path}/{{id}}"): Endpoint(f"{route}/get", OPENAI, videos.poll),
        ("GET", f"{path}/{{id}}/content"): Endpoint(f"{route}/content", OPENAI, videos.content),
        ("DELETE", f"{path}/{{id}}"): Endpoint(f"{route}/delete", OPENAI, videos.delete),
    }


# (method, path): a name in braces is one segment of the path.
TABLE: Final[dict[tuple[str, str], Endpoint]] = {
    ("POST", "/v1/chat/completions"): Endpoint("chat/completions", OPENAI, chat.reply),
    ("POST", "/v1/completions"): Endpoint("completions", OPENAI, completions.reply),
    ("POST", "/v1/embeddings"): Endpoint("embeddings", OPENAI, embeddings.reply),
    ("POST", "/v1/moderations"): Endpoint("moderations", OPENAI, moderations.reply),
    ("POST", "/v1/rerank"): Endpoint("rerank", OPENAI, rerank.reply),
    ("POST", "/v1/images/generations"): Endpoint("images/generations", OPENAI, images.generate),
    ("POST", "/v1/images/edits"): Endpoint("images/edits", OPENAI, images.edit),
    ("POST", "/v1/images/variations"): Endpoint("images/variations", OPENAI, images.vary),
    ("POST", "/v1/audio/transcriptions"): Endpoint(
        "audio/transcriptions", OPENAI, transcripts.transcribe
    ),
    ("POST", "/v1/audio/translations"): Endpoint(
        "audio/translations", OPENAI, transcripts.translate
    ),
    ("POST", "/v1/audio/speech"): Endpoint("audio/speech", OPENAI, speech.reply),
    **_videos("/v1/videos"),
    **_videos("/v1/videos/generations"),
    ("POST", "/v1/responses"): Endpoint("responses", RESPONSES, create.create),
    ("GET", "/v1/responses/{id}"): Endpoint("responses/get", RESPONSES, stored.retrieve),
    ("DELETE", "/v1/responses/{id}"): Endpoint("responses/delete", RESPONSES, stored.delete),
    ("GET", "/v1/responses/{id}/input_items"): Endpoint(
        "responses/input_items", RESPONSES, stored.input_items
    ),
    ("POST", "/v1/messages"): Endpoint("messages", ANTHROPIC, messages.reply),
    ("POST", "/v1/messages/count_tokens"): Endpoint(
        "messages/count_tokens", ANTHROPIC, messages.count_tokens
    ),
    **_gemini("generateContent", generate.generate),
    **_gemini("streamGenerateContent", generate.stream_generate),
    **_gemini("embedContent", embed.embed),
    **_gemini("batchEmbedContents", embed.batch_embed),
    **_gemini("countTokens", embed.count_tokens),
}

# Azure: the same by deployment, and (v1) under the same paths.
_DEPLOYED = {
    "chat/completions": deployments.chat_reply,
    "completions": completions.reply,
    "embeddings": embeddings.reply,
    "images/generations": images.generate,
    "audio/speech": speech.reply,
}
TABLE.update(
    {
        ("POST", f"/openai/deployments/{{deployment}}/{name}"): Endpoint(
            f"azure/{name}", AZURE, deployments.operation(reply)
        )
        for name, reply in _DEPLOYED.items()
    }
)
TABLE.update(
    {
        (method, path.replace("/v1/", "/openai/v1/", 1)): replace(endpoint, shape=AZURE)
        for (method, path), endpoint in list(TABLE.items())
        if path.startswith("/v1/") and endpoint.shape in (OPENAI, RESPONSES)
    }
)

_EXACT = {key: endpoint for key, endpoint in TABLE.items() if "{" not in key[1]}
_PATTERNS = [
    (method, re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/:]+)", path)), endpoint)
    for (method, path), endpoint in TABLE.items()
    if "{" in path
]
NO_PARTS: Final[Mapping[str, str]] = {}


def find(method: str, path: str) -> Found | None:
    """The operation, and the named parts of the path; None when there is none."""
    exact = _EXACT.get((method, path))
    if exact is not None:
        return exact, NO_PARTS
    for wanted, pattern, endpoint in _PATTERNS:
        found = pattern.fullmatch(path) if method == wanted else None
        if found is not None:
            return endpoint, found.groupdict()
    return None


def is_known(path: str) -> bool:
    """Whether the path is served under another method."""
    methods = ("GET", "POST", "DELETE")
    return any(find(method, path) is not None for method in methods)


def shape_of(scope: Scope) -> Shape:
    """The dialect of a path that no endpoint of the table serves: model lists, and errors."""
    path = scope["path"]
    if path.startswith("/v1/messages") or header_of(scope, b"anthropic-version"):
        return ANTHROPIC
    if path.startswith("/openai/"):
        return AZURE
    if path.startswith("/v1beta/") or header_of(scope, b"x-goog-api-key"):
        return GOOGLE
    return GOOGLE if "key" in query_of(scope) else OPENAI
