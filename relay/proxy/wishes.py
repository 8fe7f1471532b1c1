"""The caller's wishes put into a Call: which Routes, in which order, near which conversation."""

from collections.abc import Sequence
from dataclasses import replace

from relay.proxy import preferences
from relay.proxy.affinity import conversation_of
from relay.proxy.errors import ApiError
from relay.proxy.exchange import Exchange
from relay.proxy.fallbacks import Fallback
from relay.proxy.types import Call


def arrange(exchange: Exchange, call: Call, fallbacks: Sequence[Fallback]) -> list[Fallback]:
    """Set the Call's Routes and conversation; the fallbacks, with theirs, that the wishes leave.

    Raises ApiError (400) where the wishes leave no Route of the first model and no fallback.
    """
    wishes, routes = exchange.wishes, call.offer.routes
    if (header := exchange.client.headers.get(preferences.HEADER)) is not None:
        wishes = preferences.with_header(wishes, header)
    if wishes is not preferences.NONE:
        fallbacks = _narrowed(fallbacks, wishes)
        call.is_single_try = preferences.is_single_try(wishes)
        try:
            call.routes = routes = preferences.narrowed(routes, wishes)
        except ApiError:
            if not fallbacks:
                raise
            call.routes = routes = ()
    if exchange.raw is not None and (len(routes) > 1 or (routes and routes[0].keyed)):
        scope = (exchange.site.id, call.caller.key_id, call.offer.model_id)
        call.affinity = conversation_of(exchange.raw, *scope)
    return list(fallbacks)


def _narrowed(fallbacks: Sequence[Fallback], wishes: preferences.Wishes) -> list[Fallback]:
    found = []
    for fallback in fallbacks:
        try:
            routes = preferences.narrowed(fallback.routes, wishes)
        except ApiError:
            continue  # the others may do
        found.append(replace(fallback, routes=routes))
    return found
