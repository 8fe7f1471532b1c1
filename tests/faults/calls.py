"""Calls of the fault tests: plain sockets for clients that leave, aiohttp for the rest."""

import asyncio
import itertools
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from tests.faults.cluster import READY_S, Cluster, Customer

_marks = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a client saw; `text` is the body as far as it came."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def is_done(self) -> bool:
        """Whether the stream ended as it should."""
        return self.text.rstrip().endswith("data: [DONE]")

    @property
    def events(self) -> list[Any]:
        """The JSON of a stream's data lines."""
        lines = [line[6:] for line in self.text.splitlines() if line.startswith("data: {")]
        return [json.loads(line) for line in lines]

    @property
    def request_id(self) -> str:
        return self.headers["x-request-id"]


def new_mark() -> str:
    """A word that tells one call from the next at the upstream."""
    return f"mark-{next(_marks)}-end"


def body(model: str, directive: str, *, stream: bool, **more: Any) -> dict[str, Any]:
    """A chat request whose prompt carries a directive for the demo upstream."""
    content = f"Tell me a story. [[demo: {directive}]]"
    return {
        "model": model,
        "stream": stream,
        "messages": [{"role": "user", "content": content}],
        **more,
    }


async def call(base_url: str, customer: Customer, request: dict[str, Any]) -> Answer:
    """One whole call; a stream that breaks off gives what came before."""
    headers = {"authorization": f"Bearer {customer.secret}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{base_url}/chat/completions", json=request) as answer,
    ):
        parts = []
        try:
            async for part in answer.content.iter_any():
                parts.append(part)
        except aiohttp.ClientPayloadError:
            pass
        lower = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status, lower, b"".join(parts).decode())


class RawCall:
    """A call over a bare socket, for a client that leaves when the test says so."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self._writer = writer

    @classmethod
    async def send(cls, base_url: str, customer: Customer, request: dict[str, Any]) -> "RawCall":
        """Connect and send the whole request."""
        url = urlsplit(base_url)
        reader, writer = await asyncio.open_connection(url.hostname, url.port)
        payload = json.dumps(request).encode()
        head = (
            f"POST {url.path}/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {customer.secret}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(payload)}\r\n\r\n"
        )
        writer.write(head.encode() + payload)
        await writer.drain()
        return cls(reader, writer)

    def leave(self) -> None:
        """Close the connection at once, with a reset, as a killed client does."""
        self._writer.transport.abort()


def record(deployment: Cluster, request_id: str) -> dict[str, Any]:
    """The usage record of a call, once it is posted."""
    columns = (
        "ending, status, charge_nanos, written_off_nanos, input_tokens, cached_input_tokens,"
        " output_tokens, is_estimated, upstream, error_code, jsonb_array_length(attempts)"
    )
    rows = deployment.query(
        f"SELECT {columns} FROM billing_usagerecord WHERE request_id = '{request_id}'"  # noqa: S608
    )
    names = [
        name.strip()
        for name in columns.replace("jsonb_array_length(attempts)", "attempts").split(",")
    ]
    return dict(zip(names, rows[0], strict=True)) if rows else {}


async def posted_record(deployment: Cluster, request_id: str) -> dict[str, Any]:
    """The usage record, waiting until the worker has posted it."""
    async with asyncio.timeout(READY_S):
        while True:
            if row := await asyncio.to_thread(record, deployment, request_id):
                return row
            await asyncio.sleep(0.05)
