"""Videos that were begun: look, list, download, delete. Each only for the organization that made
it; nothing here costs anything.

Source: OpenAI API reference, "Videos", read 2026-11.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec

from relay.proxy.answer_headers import Header
from relay.proxy.client import Client
from relay.proxy.dialect import Dialect
from relay.proxy.dialects.decoding import wrong
from relay.proxy.endpoints.videos import GENERATIONS, VIDEOS
from relay.proxy.errors import ApiError, Cause
from relay.proxy.exchange import Exchange
from relay.proxy.objects import PAGE, PAGE_MAX, ObjectKind, ObjectState, StoredObject
from relay.proxy.paths import Paths
from relay.proxy.request import JSON_HEADERS
from relay.proxy.upstream.errors import UpstreamError
from relay.proxy.upstream.port import UpstreamResponse

if TYPE_CHECKING:
    from relay.proxy.app import Relay

# What a video, its thumbnail or spritesheet can be; a page or a script is none of them.
_CONTENT_TYPES = (b"video/", b"image/", b"application/octet-stream")
_VARIANTS = ("video", "thumbnail", "spritesheet")
_FORGET_BYTES_MAX = 64_000


@dataclass(frozen=True, slots=True)
class Look:
    """`GET /v1/videos/{id}`."""

    name: str = VIDEOS
    dialect: Dialect = Dialect.CHAT

    async def serve(self, relay: "Relay", exchange: Exchange) -> None:
        """See `Endpoint.serve`. What ended is paid before the answer says so."""
        found = await _find(relay, exchange)
        await _answer(exchange, (await relay.owned.look(found)).document)


@dataclass(frozen=True, slots=True)
class Listing:
    """`GET /v1/videos`: as they were when somebody looked last."""

    name: str = VIDEOS
    dialect: Dialect = Dialect.CHAT

    async def serve(self, relay: "Relay", exchange: Exchange) -> None:
        """See `Endpoint.serve`."""
        caller, query = await relay.authenticate(exchange), exchange.query()
        page = await relay.objects.page(
            caller,
            ObjectKind.VIDEO,
            after=query.get("after", ""),
            limit=page_limit(query),
            is_ascending=is_ascending(query, default="desc"),
        )
        ends = {}
        if page.objects:
            ends = {"first_id": page.objects[0].id, "last_id": page.objects[-1].id}
        data = [msgspec.Raw(each.document) for each in page.objects]
        body = {"object": "list", "data": data, "has_more": page.has_more, **ends}
        await _answer(exchange, msgspec.json.encode(body))


@dataclass(frozen=True, slots=True)
class Content:
    """`GET /v1/videos/{id}/content`: bytes as they come."""

    name: str = VIDEOS
    dialect: Dialect = Dialect.CHAT

    async def serve(self, relay: "Relay", exchange: Exchange) -> None:
        """See `Endpoint.serve`. A video that is not paid yet is not handed out."""
        variant = exchange.query().get("variant", "video")
        if variant not in _VARIANTS:
            raise wrong("variant", f"must be one of {', '.join(_VARIANTS)}")
        found = await relay.owned.look(await _find(relay, exchange))
        if found.state is not ObjectState.COMPLETED:
            raise ApiError(Cause.OBJECT_NOT_FOUND, param="id", detail=found.id)
        tail = "/content" if variant == "video" else f"/content?variant={variant}"
        try:
            response = await relay.owned.open(found, tail=tail)
        except UpstreamError:
            raise ApiError(Cause.UPSTREAM_ERROR) from None
        try:
            await _pass_on(exchange, found, response)
        finally:
            response.close()


@dataclass(frozen=True, slots=True)
class Delete:
    """`DELETE /v1/videos/{id}`: of one that is still being made there is nothing to delete."""

    name: str = VIDEOS
    dialect: Dialect = Dialect.CHAT

    async def serve(self, relay: "Relay", exchange: Exchange) -> None:
        """See `Endpoint.serve`."""
        found = await relay.owned.look(await _find(relay, exchange))
        if found.state is ObjectState.PENDING:
            raise wrong("id", "is still being made")
        asked = await relay.owned.ask(found, b"DELETE", bytes_max=_FORGET_BYTES_MAX)
        if asked.status not in (200, 202, 204, 404, 410):
            raise ApiError(Cause.UPSTREAM_ERROR)
        await relay.objects.forget(found)
        body = {"id": found.id, "object": "video.deleted", "deleted": True}
        await _answer(exchange, msgspec.json.encode(body))


def add(paths: Paths) -> None:
    """Serve them under both paths."""
    for base in (GENERATIONS, VIDEOS):  # the longer one first: `generations` is no id
        paths.add("GET", f"/v1/{base}", Listing(base))
        paths.add("GET", f"/v1/{base}/{{id}}", Look(base))
        paths.add("GET", f"/v1/{base}/{{id}}/content", Content(base))
        paths.add("DELETE", f"/v1/{base}/{{id}}", Delete(base))


def page_limit(query: Mapping[str, str]) -> int:
    """How many of a list are asked for; ApiError names it."""
    limit = query.get("limit", str(PAGE))
    if not (limit.isascii() and limit.isdigit() and len(limit) < 4 and 0 < int(limit) <= PAGE_MAX):
        raise wrong("limit", f"must be a whole number, 1 to {PAGE_MAX}")
    return int(limit)


def is_ascending(query: Mapping[str, str], *, default: str) -> bool:
    """Whether the oldest comes first; ApiError names it."""
    order = query.get("order", default)
    if order not in ("asc", "desc"):
        raise wrong("order", "must be one of asc, desc")
    return order == "asc"


async def _find(relay: "Relay", exchange: Exchange) -> StoredObject:
    caller = await relay.authenticate(exchange)
    return await relay.objects.find(caller, ObjectKind.VIDEO, exchange.params["id"])


async def _answer(exchange: Exchange, body: bytes) -> None:
    request_id = (b"x-request-id", exchange.id.encode())
    await exchange.client.answer(200, (*JSON_HEADERS, request_id), body)


async def _pass_on(exchange: Exchange, found: StoredObject, response: UpstreamResponse) -> None:
    content_type = (response.header(b"content-type") or b"").lower()
    if response.status in (404, 410):
        raise ApiError(Cause.OBJECT_NOT_FOUND, param="id", detail=found.id)
    if response.status != 200 or not content_type.startswith(_CONTENT_TYPES):
        raise ApiError(Cause.UPSTREAM_ERROR)
    headers: list[Header] = [
        (b"content-type", content_type),
        (b"x-content-type-options", b"nosniff"),
        (b"x-request-id", exchange.id.encode()),
    ]
    if (length := response.header(b"content-length")) is not None:
        headers.append((b"content-length", length))
    client = exchange.client
    await client.start(200, headers)
    if client.scope["method"] == "HEAD":
        await client.write(b"", is_last=True)
        return
    client.watch()
    try:
        await _pump(client, response)
    except UpstreamError:
        return  # cut off: the body's framing tells
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is None or not client.has_left:
            raise
        task.uncancel()
    finally:
        client.unwatch()


async def _pump(client: Client, response: UpstreamResponse) -> None:
    """The next piece is asked for when the client has taken this one."""
    while chunk := await response.chunk():
        await client.write(chunk)
    client.unwatch()
    await client.write(b"", is_last=True)
