"""One HTTP request to the relay as it becomes known: filled in step by step, so that an error can
be answered at any step in the caller's dialect and language."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol
from urllib.parse import parse_qsl

from relay.proxy import preferences
from relay.proxy.client import Client
from relay.proxy.dialect import Dialect
from relay.proxy.preferences import Wishes
from relay.proxy.types import Call, Caller, Offer, Site, Snapshot

if TYPE_CHECKING:
    from relay.proxy.app import Relay

UNKNOWN_SITE = Site(id="", language="en")


@dataclass(slots=True)
class Exchange:
    """Endpoints read what they need of it; `params` are the variable parts of the path."""

    id: str
    client: Client
    snapshot: Snapshot
    body_bytes_max: int
    upload_bytes_max: int = 0  # of a form with files
    site: Site = UNKNOWN_SITE
    params: Mapping[str, str] = field(default_factory=dict)
    endpoint: str = ""
    dialect: Dialect = Dialect.CHAT
    caller: Caller | None = None
    model: str = ""
    call: Call | None = None
    wishes: Wishes = preferences.NONE
    raw: bytes | None = field(default=None, repr=False)  # the body, once it was taken

    async def body(self) -> bytes:
        """The whole request body, without what it says of routing: that is in `wishes` then.

        Raises ApiError when it is too large or compressed, or a wish is out of order.
        """
        if self.raw is None:
            given = await self.client.body(self.body_bytes_max)
            # Google's bodies do not say the model, and know no such fields.
            is_ours = self.dialect is not Dialect.GEMINI
            self.raw, self.wishes = preferences.take(given) if is_ours else (given, self.wishes)
        return self.raw

    def asking(self, model: str) -> "Exchange":
        """The same request, put to another model."""
        return replace(self, raw=preferences.with_model(self.raw or b"{}", model))

    def query(self) -> Mapping[str, str]:
        """The query's parameters; of one that is given twice the last."""
        return dict(parse_qsl(self.client.scope.get("query_string", b"").decode("latin-1")))

    @property
    def offers(self) -> Mapping[str, Offer]:
        """What the site sells, by public model id."""
        return self.snapshot.offers_by_site.get(self.site.id, {})

    @property
    def aliases(self) -> Mapping[str, Offer]:
        """The same by further names."""
        return self.snapshot.aliases_by_site.get(self.site.id, {})

    @property
    def retired(self) -> Mapping[str, str]:
        """What it sold until it retired, each with what to call instead, or ""."""
        return self.snapshot.retired_by_site.get(self.site.id, {})


class Endpoint(Protocol):
    """What serves the requests of one path and method."""

    @property
    def name(self) -> str:
        """In UsageRecords and Refusals, and in what a key may be limited to."""

    @property
    def dialect(self) -> Dialect:
        """Whose shape its errors have."""

    async def serve(self, relay: "Relay", exchange: Exchange) -> None:
        """Authenticate, answer. Raises ApiError while nothing was sent."""
