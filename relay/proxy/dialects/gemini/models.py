"""`GET /v1beta/models` as Google answers it: what the caller's key may use, page by page.

Source: Gemini API reference, "Models", read 2026-11.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from relay.proxy.dialects.decoding import whole_number, wrong
from relay.proxy.model_list import NO_ALIASES, NONE_RETIRED, find_offer, visible
from relay.proxy.types import Caller, Offer

# Google's own page sizes; above the most, it gives the most.
PAGE_DEFAULT = 50
PAGE_MAX = 1_000
_PREFIX = "models/"
_GENERATES = ("generateContent", "streamGenerateContent", "countTokens")
_EMBEDS = ("embedContent", "batchEmbedContents", "countTokens")


def listing(
    offers: Mapping[str, Offer],
    caller: Caller,
    *,
    page_size: str | None = None,
    page_token: str | None = None,
) -> bytes:
    """The page's body; the arguments are the query's. Raises ApiError naming a wrong one.

    In the order of the ids, so that pages hold while models come and go: the token is the last id
    of the page before.
    """
    size = PAGE_DEFAULT if page_size is None else _size(page_size)
    if page_token and not page_token.startswith(_PREFIX):
        raise wrong("pageToken", "is of no known form")
    after = (page_token or "").removeprefix(_PREFIX)
    shown = visible(offers, caller)
    ids = sorted(shown)
    ids = [name for name in ids if name > after]
    page = ids[:size]
    body: dict[str, Any] = {"models": [_entry(shown[name], name) for name in page]}
    if len(ids) > len(page):
        body["nextPageToken"] = _PREFIX + page[-1]
    return msgspec.json.encode(body)


def single(
    offers: Mapping[str, Offer],
    caller: Caller,
    model_id: str,
    aliases: Mapping[str, Offer] = NO_ALIASES,
    retired: Mapping[str, str] = NONE_RETIRED,
) -> bytes:
    """One model's body, under the name that was asked for; ApiError when it is not sold here or
    not allowed to this key."""
    name = model_id.removeprefix(_PREFIX)
    offer = find_offer(offers, caller, name, aliases, retired)
    return msgspec.json.encode(_entry(offer, offer.model_id) | {"name": _PREFIX + name})


def _size(given: str) -> int:
    # Longer digits would be no number of ours anyway, and int() takes its time over them.
    is_number = given.isascii() and given.isdigit() and len(given) < 10
    size = whole_number("pageSize", int(given) if is_number else -1, lowest=0, highest=10**9)
    return min(size or PAGE_DEFAULT, PAGE_MAX)


def _entry(offer: Offer, name: str) -> dict[str, Any]:
    # A model without output gives numbers instead.
    methods = _GENERATES if offer.max_output_tokens else _EMBEDS
    return {
        "name": _PREFIX + name,
        "baseModelId": name,
        "version": "001",
        "displayName": name,
        "description": "",
        "inputTokenLimit": offer.context_tokens,
        "outputTokenLimit": offer.max_output_tokens,
        "supportedGenerationMethods": methods,
    }
