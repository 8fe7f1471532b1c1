"""The relay's route table as tests walk it: for each endpoint a request that it finds in order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from relay.proxy.endpoints import table
from tests.relay.proxy.fakes import MODEL
from tests.scenarios.dialects.ask import encoded

TURNS = [{"role": "user", "content": "hello"}]
CONTENTS = [{"role": "user", "parts": [{"text": "hello"}]}]
CONTENT = {"parts": [{"text": "hello"}]}
# By the name of the endpoint; `model` of an OpenAI endpoint goes without saying.
BODIES: Mapping[str, Mapping[str, Any]] = {
    "chat/completions": {"messages": TURNS},
    "completions": {"prompt": "hello"},
    "embeddings": {"input": "hello"},
    "moderations": {"input": "hello"},
    "rerank": {"query": "hello", "documents": ["hello", "goodbye"]},
    "videos": {"prompt": "hello"},
    "videos/generations": {"prompt": "hello"},
    "responses": {"input": "hello"},
    "messages": {"messages": TURNS, "max_tokens": 64},
    "messages/count_tokens": {"messages": TURNS},
    "generateContent": {"contents": CONTENTS},
    "streamGenerateContent": {"contents": CONTENTS},
    "embedContent": {"content": CONTENT},
    "batchEmbedContents": {"requests": [{"model": f"models/{MODEL}", "content": CONTENT}]},
    "countTokens": {"contents": CONTENTS},
    "audio/speech": {"input": "hello", "voice": "alloy"},
    "images/generations": {"prompt": "hello"},
}
BOUNDARY = "a-boundary-of-ours"
PICTURE = b"\x89PNG\r\n\x1a\n" + b"\0" * 64
SOUND = b"RIFF\x24\x00\x00\x00WAVEfmt " + b"\0" * 64
# Those that take forms: their fields, and the file that they want.
FORMS: Mapping[str, tuple[Mapping[str, str], str, bytes]] = {
    "audio/transcriptions": ({}, "file", SOUND),
    "audio/translations": ({}, "file", SOUND),
    "images/edits": ({"prompt": "hello"}, "image", PICTURE),
    "images/variations": ({}, "image", PICTURE),
}


@dataclass(frozen=True, slots=True)
class Door:
    """One way into the relay that takes a body, and a body that it takes."""

    name: str
    path: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.path


def doors() -> Iterator[Door]:
    """Every POST of the route table. KeyError: an endpoint came that nobody described here."""
    for method, pattern, endpoint in table.paths().all():
        if method != "POST":
            continue
        path = pattern.replace("{model+}", MODEL)
        if endpoint.name in FORMS:
            fields, name, content = FORMS[endpoint.name]
            typed = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
            yield Door(endpoint.name, path, _form(fields, name, content), typed)
            continue
        named = {} if "{model+}" in pattern else {"model": MODEL}
        body = encoded(named | dict(BODIES[endpoint.name]))
        yield Door(endpoint.name, path, body, {"content-type": "application/json"})


def _form(fields: Mapping[str, str], name: str, content: bytes) -> bytes:
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in {"model": MODEL, **fields}.items()
    ]
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"; filename="f.bin"\r\n'
    return b"".join([*parts, head.encode(), b"\r\n", content, f"\r\n--{BOUNDARY}--\r\n".encode()])
