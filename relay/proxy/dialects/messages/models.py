"""`GET /v1/models` as Anthropic answers it: what the caller's key may use, page by page.

Source: Anthropic API reference, "List Models" and "Get a Model", read 2026-11.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from relay.proxy.dialects.decoding import whole_number, wrong
from relay.proxy.model_list import NO_ALIASES, NONE_RETIRED, find_offer, visible
from relay.proxy.types import Caller, Offer

# Anthropic's own page sizes.
PAGE_DEFAULT = 20
PAGE_MAX = 1_000


def listing(
    offers: Mapping[str, Offer],
    caller: Caller,
    *,
    limit: str | None = None,
    after_id: str | None = None,
    before_id: str | None = None,
) -> bytes:
    """The page's body; the arguments are the query's. Raises ApiError naming a wrong one.

    In the order of the ids, so that pages hold while models come and go.
    """
    if after_id is not None and before_id is not None:
        raise wrong("before_id", "does not go with 'after_id'")
    size = PAGE_DEFAULT if limit is None else _size(limit)
    shown = visible(offers, caller)
    ids = sorted(shown)
    if before_id is not None:
        ids = [name for name in ids if name < before_id]
        page = ids[-size:]
    else:
        ids = [name for name in ids if after_id is None or name > after_id]
        page = ids[:size]
    return msgspec.json.encode(
        {
            "data": [_entry(shown[name], name) for name in page],
            "has_more": len(ids) > len(page),
            "first_id": page[0] if page else None,
            "last_id": page[-1] if page else None,
        }
    )


def single(
    offers: Mapping[str, Offer],
    caller: Caller,
    model_id: str,
    aliases: Mapping[str, Offer] = NO_ALIASES,
    retired: Mapping[str, str] = NONE_RETIRED,
) -> bytes:
    """One model's body, under the name that was asked for; ApiError when it is not sold here or
    not allowed to this key."""
    offer = find_offer(offers, caller, model_id, aliases, retired)
    return msgspec.json.encode(_entry(offer, offer.model_id) | {"id": model_id})


def _size(limit: str) -> int:
    # Longer digits would be no number of ours anyway, and int() takes its time over them.
    given = int(limit) if limit.isascii() and limit.isdigit() and len(limit) < 10 else 0
    return whole_number("limit", given, highest=PAGE_MAX) or PAGE_DEFAULT


def _entry(offer: Offer, name: str) -> dict[str, Any]:
    created = datetime.fromtimestamp(offer.created, UTC)
    return {
        "type": "model",
        "id": name,
        "display_name": name,
        "created_at": created.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "max_input_tokens": offer.context_tokens,
        "max_tokens": offer.max_output_tokens,
    }
