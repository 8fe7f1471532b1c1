"""Responses of earlier calls: retrieve, delete, and the items that they were asked with."""

from typing import Any

import msgspec

from devstack.demo_upstream.asked import Asked
from devstack.demo_upstream.errors import Refusal
from devstack.demo_upstream.reply import PlainReply, Reply
from devstack.demo_upstream.shelf import StoredResponse

_PAGE_MAX = 100  # OpenAI's own, as is the default
_PAGE = 20


def retrieve(asked: Asked) -> Reply:
    """The Response object as it was; Refusal 404."""
    return PlainReply(body=_find(asked).body)


def delete(asked: Asked) -> Reply:
    """Forget a response; Refusal 404."""
    _find(asked)
    identifier = asked.path["id"]
    asked.shelf.responses.drop(identifier)
    body = {"id": identifier, "object": "response", "deleted": True}
    return PlainReply(body=msgspec.json.encode(body))


def input_items(asked: Asked) -> Reply:
    """A page of what the response was asked with, newest first unless `order=asc`."""
    found, query = _find(asked), asked.query
    limit = query.get("limit", str(_PAGE))
    if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit) <= _PAGE_MAX:
        raise Refusal(400, f"A whole number from 1 to {_PAGE_MAX}.", param="limit")
    items = [_shown(item, number) for number, item in enumerate(found.items)]
    if query.get("order", "desc") != "asc":
        items.reverse()
    ids = [item["id"] for item in items]
    start = ids.index(query["after"]) + 1 if query.get("after") in ids else 0
    page = items[start : start + int(limit)]
    body = {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": start + int(limit) < len(items),
    }
    return PlainReply(body=msgspec.json.encode(body))


def _find(asked: Asked) -> StoredResponse:
    identifier = asked.path["id"]
    found = asked.shelf.responses.find(identifier)
    if found is None:
        raise Refusal(404, f"Response with id '{identifier}' not found.")
    return found


def _shown(item: dict[str, Any], number: int) -> dict[str, Any]:
    """An item with an id; a message's text as the part that it stands for."""
    shown = {"id": f"item_{number}", "type": "message", **item}
    if shown["type"] == "message" and isinstance(shown.get("content"), str):
        kind = "output_text" if shown["role"] == "assistant" else "input_text"
        shown["content"] = [{"type": kind, "text": shown["content"]}]
    if shown["type"] == "message":
        shown.setdefault("status", "completed")
    return shown
