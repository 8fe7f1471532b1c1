"""The control API under /_demo/, by which a test asks what the demo upstream saw. Answers only."""

from urllib.parse import parse_qs

import msgspec

from devstack.demo_upstream.asgi import Scope, Send, answer
from devstack.demo_upstream.calls import CallBook
from devstack.demo_upstream.errors import Refusal
from devstack.demo_upstream.faults import Strikes

PREFIX = "/_demo/"


async def control(book: CallBook, strikes: Strikes, scope: Scope, send: Send) -> None:
    """GET calls?after=N, totals and routes; DELETE calls, which clears sums and strikes too."""
    wanted = (scope["method"], scope["path"].removeprefix(PREFIX))
    if wanted == ("GET", "calls"):
        body = {"calls": book.after(_after(scope["query_string"]))}
        await answer(send, 200, msgspec.json.encode(body))
    elif wanted == ("GET", "totals"):
        await answer(send, 200, msgspec.json.encode(book.totals()))
    elif wanted == ("GET", "routes"):
        await answer(send, 200, msgspec.json.encode(book.routes()))
    elif wanted == ("DELETE", "calls"):
        book.clear()
        strikes.clear()
        await answer(send, 200, b"{}")
    else:
        raise Refusal(404, "The control API has GET calls, totals and routes, and DELETE calls.")


def _after(query: bytes) -> int:
    value = parse_qs(query.decode("latin-1")).get("after", ["0"])[0]
    if not value.isascii() or not value.isdigit() or len(value) > 18:
        raise Refusal(400, "`after` is a sequence number.", param="after")
    return int(value)
