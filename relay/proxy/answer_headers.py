"""Response headers that more than one kind of answer carries. Pure."""

from relay.proxy.dialect import Dialect
from relay.proxy.types import Rates

Header = tuple[bytes, bytes]


def request_id_headers(request_id: str, dialect: Dialect) -> list[Header]:
    """`x-request-id`, and the name under which Anthropic's SDKs look for it."""
    names = [b"x-request-id", *([b"request-id"] if dialect is Dialect.MESSAGES else [])]
    return [(name, request_id.encode()) for name in names]


def rate_headers(rates: Rates | None) -> list[Header]:
    """`x-ratelimit-*` as OpenAI names them; nothing where the gate was not asked."""
    headers: list[Header] = []
    if rates is None:
        return headers
    for kind, rate in ((b"requests", rates.requests), (b"tokens", rates.tokens)):
        if rate is not None:
            headers += [
                (b"x-ratelimit-limit-" + kind, b"%d" % rate.limit),
                (b"x-ratelimit-remaining-" + kind, b"%d" % rate.remaining),
                (b"x-ratelimit-reset-" + kind, b"%ds" % rate.reset_s),
            ]
    return headers
