"""Answers by Idempotency-Key in memory; relays that share one stand for relays on one Redis."""

from dataclasses import dataclass, field

from relay.proxy.errors import ApiError
from relay.proxy.recording import KeptAnswer
from relay.proxy.replays import Claim, Found


@dataclass(slots=True)
class FakeReplays:
    error: ApiError | None = None
    rows: dict[str, tuple[bytes, Found | KeptAnswer]] = field(default_factory=dict)

    async def claim(self, claim: Claim) -> Found | KeptAnswer | None:
        if self.error is not None:
            raise self.error
        row = self.rows.get(claim.name)
        if row is None:
            self.rows[claim.name] = (claim.digest, Found.RUNNING)
            return None
        return row[1] if row[0] == claim.digest else Found.OTHER_REQUEST

    async def renew(self, claim: Claim) -> None:
        assert claim.name in self.rows

    async def finish(self, claim: Claim, answer: KeptAnswer | None) -> None:
        assert self.rows[claim.name] == (claim.digest, Found.RUNNING)
        self.rows[claim.name] = (claim.digest, answer or Found.NOT_KEPT)

    async def abandon(self, claim: Claim) -> None:
        assert self.rows.pop(claim.name) == (claim.digest, Found.RUNNING)
