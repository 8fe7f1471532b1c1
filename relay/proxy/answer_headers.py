"""Response headers that more than one kind of answer carries. Pure."""

from relay.proxy.types import Rates

Header = tuple[bytes, bytes]


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
