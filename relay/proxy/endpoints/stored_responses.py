"""Responses that were kept: read again, their input, deleted. Each only for the organization that
made it; nothing here costs anything.

Source: OpenAI API reference, "Get a model response", "List input items", "Delete a model
response", read 2026-11.
"""

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from relay.proxy.dialect import Dialect
from relay.proxy.endpoints.responses import NAME
from relay.proxy.endpoints.video_jobs import is_ascending, page_limit
from relay.proxy.errors import ApiError
from relay.proxy.exchange import Exchange
from relay.proxy.objects import ObjectKind, StoredObject
from relay.proxy.paths import Paths
from relay.proxy.request import JSON_HEADERS

if TYPE_CHECKING:
    from relay.proxy.app import Relay

log = logging.getLogger(__name__)

_FORGET_BYTES_MAX = 64_000
_items = msgspec.json.Decoder(list[dict[str, Any]])


@dataclass(frozen=True, slots=True)
class Retrieve:
    """`GET /v1/responses/{id}`: as it was answered."""

    name: str = NAME
    dialect: Dialect = Dialect.RESPONSES

    async def serve(self, relay: "Relay", exchange: Exchange) -> None:
        """See `Endpoint.serve`."""
        await _answer(exchange, (await _find(relay, exchange)).document)


@dataclass(frozen=True, slots=True)
class InputItems:
    """`GET /v1/responses/{id}/input_items`: a page, newest first unless told otherwise."""

    name: str = NAME
    dialect: Dialect = Dialect.RESPONSES

    async def serve(self, relay: "Relay", exchange: Exchange) -> None:
        """See `Endpoint.serve`."""
        found, query = await _find(relay, exchange), exchange.query()
        limit, ascends = page_limit(query), is_ascending(query, default="desc")
        items = [_shown(item, number) for number, item in enumerate(_items.decode(found.items))]
        if not ascends:
            items.reverse()
        ids = [item["id"] for item in items]
        start = ids.index(query["after"]) + 1 if query.get("after") in ids else 0
        page = items[start : start + limit]
        body = {
            "object": "list",
            "data": page,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
            "has_more": start + limit < len(items),
        }
        await _answer(exchange, msgspec.json.encode(body))


@dataclass(frozen=True, slots=True)
class Delete:
    """`DELETE /v1/responses/{id}`: here, and where its Upstream keeps it."""

    name: str = NAME
    dialect: Dialect = Dialect.RESPONSES

    async def serve(self, relay: "Relay", exchange: Exchange) -> None:
        """See `Endpoint.serve`. An Upstream that can't be reached forgets it by itself in time."""
        found = await _find(relay, exchange)
        await relay.objects.forget(found)
        if found.upstream_object:
            try:
                await relay.owned.ask(found, b"DELETE", bytes_max=_FORGET_BYTES_MAX)
            except ApiError as error:
                log.info("%s: its upstream keeps a response: %s", exchange.id, error)
        body = {"id": found.id, "object": "response", "deleted": True}
        await _answer(exchange, msgspec.json.encode(body))


def add(paths: Paths) -> None:
    """Serve them."""
    paths.add("GET", "/v1/responses/{id}", Retrieve())
    paths.add("GET", "/v1/responses/{id}/input_items", InputItems())
    paths.add("DELETE", "/v1/responses/{id}", Delete())


async def _find(relay: "Relay", exchange: Exchange) -> StoredObject:
    caller = await relay.authenticate(exchange)
    return await relay.objects.find(caller, ObjectKind.RESPONSE, exchange.params["id"])


async def _answer(exchange: Exchange, body: bytes) -> None:
    request_id = (b"x-request-id", exchange.id.encode())
    await exchange.client.answer(200, (*JSON_HEADERS, request_id), body)


def _shown(item: dict[str, Any], number: int) -> dict[str, Any]:
    """An item with an id; a message's text as the part that it stands for."""
    shown: dict[str, Any] = {"type": "message", **item, "id": item.get("id") or f"item_{number}"}
    if shown["type"] == "message" and isinstance(shown.get("content"), str):
        kind = "output_text" if shown.get("role") == "assistant" else "input_text"
        shown["content"] = [{"type": kind, "text": shown["content"]}]
    return shown
