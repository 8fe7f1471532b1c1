"""`/v1/responses`: OpenAI's, passed through or translated, and kept for those who ask for it again
unless `store` is false. A `previous_response_id` is answered from what we kept, so that any
Upstream may go on with a conversation that another one began.

Source: OpenAI API reference, "Create a model response" and "Conversation state", read 2026-11.
"""

import logging
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from relay.proxy import json_objects, metering, sse
from relay.proxy.dialect import Dialect
from relay.proxy.dialects.decoding import NULL, is_given, wrong
from relay.proxy.dialects.decoding import read as decoded
from relay.proxy.dialects.responses.envelope import envelope
from relay.proxy.endpoints import conversations
from relay.proxy.endpoints.conversations import ConversationRequest
from relay.proxy.errors import ApiError
from relay.proxy.exchange import Exchange
from relay.proxy.objects import ObjectKind, ObjectState, StoredObject
from relay.proxy.request import Reader, Whole
from relay.proxy.types import Call, Caller, Ending, Route

if TYPE_CHECKING:
    from relay.proxy.app import Relay

log = logging.getLogger(__name__)

NAME = "responses"
# A long answer and its conversation, with a picture or two; what is longer can be had once, and not
# again (ADR 0012).
KEPT_BYTES_MAX = 4_000_000
ID_CHARS_MAX = 64
# Of an item that was answered, what only its own vendor's store understands.
_VENDORS = ("id", "status")

_encode = msgspec.json.encode
_items = msgspec.json.Decoder(list[dict[str, Any]])


class _Looked(msgspec.Struct):
    store: bool | None = None
    previous_response_id: str | None = None
    input: msgspec.Raw = NULL


class _Answered(msgspec.Struct):
    id: str
    output: list[dict[str, Any]] = []


class _LastEvent(msgspec.Struct):
    response: msgspec.Raw


_looked = msgspec.json.Decoder(_Looked)
_answered = msgspec.json.Decoder(_Answered)
_last_event = msgspec.json.Decoder(_LastEvent)


@dataclass(slots=True)
class ResponseRequest(ConversationRequest):
    """A request whose answer is looked at again once it is whole."""

    items: bytes = b""  # all that it was asked with
    _whole: bytes = field(default=b"", repr=False)
    _reader: Reader | None = field(default=None, repr=False)

    def whole(self, route: Route, body: bytes, content_type: bytes) -> Whole:
        """See `Request.whole`."""
        made = ConversationRequest.whole(self, route, body, content_type)
        self._whole = made.body
        return made

    def reader(self, route: Route, content_type: bytes) -> Reader:
        """See `Request.reader`."""
        self._reader = ConversationRequest.reader(self, route, content_type)
        return self._reader

    def document(self, call: Call) -> bytes:
        """The Response object as its caller got it; b"" while there is none."""
        if self._reader is None:
            return self._whole
        last = metering.with_public_model(call, self._reader.last)
        try:
            return bytes(_last_event.decode(sse.data_of(last)).response)
        except msgspec.DecodeError:
            return b""


@dataclass(frozen=True, slots=True)
class Create:
    """Implements `exchange.Endpoint`: `POST /v1/responses`."""

    name: str = NAME
    dialect: Dialect = Dialect.RESPONSES

    async def serve(self, relay: "Relay", exchange: Exchange) -> None:
        """See `Endpoint.serve`. The answer is kept before its last byte goes out."""
        caller = await relay.authenticate(exchange)
        body = await exchange.body()
        looked = decoded(_looked, body)
        is_kept = looked.store is not False and len(body) <= KEPT_BYTES_MAX
        is_looked_into = is_kept or looked.previous_response_id is not None
        items = _given_items(looked.input) if is_looked_into else []
        if looked.previous_response_id is not None:
            items = await _history(relay, caller, looked.previous_response_id) + items
            exchange.raw = _going_on(body, items)
        asked = [await read(exchange)]
        asked += [await read(exchange.asking(name)) for name in exchange.wishes.models]
        if is_kept:
            for each in asked:
                each.items = _encode(items)

            async def keep() -> None:
                await _keep(relay, exchange.call, asked)

            exchange.client.on_last = keep
        await relay.conduct(exchange, asked[0], asked[1:])


async def read(exchange: Exchange) -> ResponseRequest:
    """The request; raises ApiError naming what is wrong."""
    body = await exchange.body()
    made = conversations.of_body(
        exchange, body, envelope(body), created=int(time.time()), dialect=Dialect.RESPONSES
    )
    return ResponseRequest(
        native=made.native,
        dialect=made.dialect,
        endpoint=made.endpoint,
        parse=made.parse,
        request_id=made.request_id,
        created=made.created,
    )


def _given_items(given: msgspec.Raw) -> list[dict[str, Any]]:
    """The input as items. What is neither is refused by the envelope."""
    if not is_given(given):
        return []
    try:
        value = msgspec.json.decode(given)
    except (msgspec.DecodeError, RecursionError):
        return []
    if isinstance(value, str):
        return [{"type": "message", "role": "user", "content": value}]
    is_list = isinstance(value, list) and all(isinstance(each, dict) for each in value)
    return value if is_list else []


async def _history(relay: "Relay", caller: Caller, response_id: str) -> list[dict[str, Any]]:
    """What was said before, as input. ApiError names the parameter."""
    try:
        found = await relay.objects.find(caller, ObjectKind.RESPONSE, response_id)
    except ApiError as error:
        error.param = "previous_response_id"
        raise
    said = _answered.decode(found.document).output
    return [*_items.decode(found.items), *(_as_input(each) for each in said if _can_go_on(each))]


def _can_go_on(item: dict[str, Any]) -> bool:
    """A thought without its signature says nothing to anybody else."""
    return item.get("type") != "reasoning" or bool(item.get("encrypted_content"))


def _as_input(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name not in _VENDORS}


def _going_on(body: bytes, items: list[dict[str, Any]]) -> bytes:
    """The body with the whole conversation instead of a reference to it."""
    fields = json_objects.fields.decode(body)
    if not is_given(fields.get("input", NULL)):
        raise wrong("input", "is required")
    fields.pop("previous_response_id", None)
    return json_objects.changed(fields, input=items)


async def _keep(relay: "Relay", call: Call | None, asked: list[ResponseRequest]) -> None:
    """Keep a whole answer; one that can't be kept is still an answer."""
    if call is None or call.ending is not Ending.COMPLETED or call.route is None:
        return
    for request in asked:
        document = request.document(call)
        if not document or len(document) + len(request.items) > KEPT_BYTES_MAX:
            continue
        try:
            made_id = _answered.decode(document).id
            if len(made_id) <= ID_CHARS_MAX:
                await relay.objects.keep(_object(call, request, made_id, document))
        except (ApiError, msgspec.DecodeError) as error:
            log.warning("%s: its answer was not kept: %s", call.request_id, error)


def _object(call: Call, request: ResponseRequest, made_id: str, document: bytes) -> StoredObject:
    route = call.route
    is_native = route is not None and request.spoken(route) is Dialect.RESPONSES
    return StoredObject(
        id=made_id,
        kind=ObjectKind.RESPONSE,
        state=ObjectState.COMPLETED,
        site_id=call.site.id,
        organization_id=call.caller.organization_id,
        key_id=call.caller.key_id,
        model=call.offer.model_id,
        upstream_id=route.upstream_id if route is not None and is_native else "",
        credential_id=route.credential_id if route is not None and is_native else "",
        upstream_model=route.name if route is not None else "",
        upstream_object=made_id if is_native else "",
        operation=NAME,
        document=document,
        created_at=int(time.time()),
        items=request.items,
    )
