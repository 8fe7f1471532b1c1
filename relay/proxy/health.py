"""What one relay process knows of its Upstreams: which to leave alone, and how busy each is.

Nothing here waits or asks anybody: it is told how tries went, and answers which may be made.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from relay.proxy.breaker import Breaker, Trip
from relay.proxy.failures import LIMITED, Blame, Failed
from relay.proxy.types import Route

# A limited credential rests so long where the vendor does not say, while the others go on.
LIMITED_S = 5.0


class Obstacle(StrEnum):
    """Why a Route is passed over for now."""

    UPSTREAM = "upstream_rests"  # it is left alone
    CREDENTIALS = "credentials_rest"  # each of them is
    FULL = "full"  # as many tries are under way as may be


CredentialKey = tuple[str, str]  # an Upstream's id and its credential's


@dataclass(slots=True)
class Turn:
    """One try of a Route, from its choice to the end of what came of it. Ends exactly once."""

    route: Route
    upstream: Breaker
    credential: Breaker
    is_upstream_probe: bool
    is_credential_probe: bool
    is_judged: bool = False
    is_over: bool = False


@dataclass(slots=True)
class Health:
    """One per relay process; `share` is by how many of them a concurrency cap is divided."""

    share: int = 1
    _upstreams: dict[str, Breaker] = field(default_factory=dict)
    _credentials: dict[CredentialKey, Breaker] = field(default_factory=dict)
    _busy: dict[str, int] = field(default_factory=dict)
    _turns: dict[str, int] = field(default_factory=dict)

    @classmethod
    def restored(
        cls, trips: Mapping[CredentialKey, Trip], busy: Mapping[str, int], *, share: int
    ) -> "Health":
        """As a relay has told it; times are of whatever clock `trips` are of."""
        made = cls(share=share, _busy=dict(busy))
        for (upstream_id, credential_id), trip in trips.items():
            key = (upstream_id, credential_id)
            breaker = made._credential(key) if credential_id else made._upstream(upstream_id)
            breaker.restore(trip)
        return made

    def choose(
        self, route: Route, now: float, tried: Iterable[CredentialKey] = (), first: str = ""
    ) -> Route | None:
        """The Route with the credential whose turn it is, or None while it must be left alone.

        `first` is a credential to prefer; none that was `tried` is chosen again.
        """
        if self._obstacle(route, now) is not None:
            return None
        if not route.keyed:
            return route if self._is_usable(route, now, tried) else None
        at = self._turns.get(route.upstream_id, 0)
        self._turns[route.upstream_id] = at + 1
        keyed, count = route.keyed, len(route.keyed)
        in_turn = [keyed[(at + offset) % count] for offset in range(count)]
        if first:
            in_turn.sort(key=lambda each: each.credential_id != first)
        return next((each for each in in_turn if self._is_usable(each, now, tried)), None)

    def obstacle(self, route: Route, now: float) -> Obstacle:
        """Why `choose` gives None for a Route that was not tried."""
        return self._obstacle(route, now) or Obstacle.CREDENTIALS

    def begin(self, route: Route, now: float) -> Turn:
        """A try begins: it takes a slot until `over`."""
        upstream = self._upstream(route.upstream_id)
        credential = self._credential((route.upstream_id, route.credential_id))
        self._busy[route.upstream_id] = self._busy.get(route.upstream_id, 0) + 1
        return Turn(route, upstream, credential, upstream.begin(now), credential.begin(now))

    def succeeded(self, turn: Turn, now: float) -> None:
        """It answered, or has begun to."""
        turn.is_judged = True
        turn.upstream.succeeded(now, is_probe=turn.is_upstream_probe)
        turn.credential.succeeded(now, is_probe=turn.is_credential_probe)

    def failed(self, turn: Turn, failure: Failed, now: float) -> None:
        """It came to nothing; who is left alone for it depends on whose fault it was."""
        turn.is_judged = True
        if failure.blame is Blame.CREDENTIAL:
            turn.upstream.succeeded(now, is_probe=turn.is_upstream_probe)  # it is alive
            self._credential_failed(turn, failure, now)
            return
        if failure.blame is Blame.NOBODY and failure.status:
            self.succeeded(turn, now)  # an answer all the same
        elif failure.blame is Blame.NOBODY:
            self._abandon(turn)
        elif failure.retry_after_s:
            turn.upstream.pause(failure.code, now, failure.retry_after_s)
            turn.credential.abandoned(is_probe=turn.is_credential_probe)
        else:
            turn.upstream.failed(failure.code, now, is_probe=turn.is_upstream_probe)
            turn.credential.abandoned(is_probe=turn.is_credential_probe)

    def broke(self, turn: Turn, code: str, now: float) -> None:
        """An answer that had begun broke off: it counts against the Upstream after all."""
        turn.upstream.failed(code, now, is_probe=False)

    def over(self, turn: Turn) -> None:
        """Give the slot back; repeating it changes nothing."""
        if turn.is_over:
            return
        turn.is_over = True
        if not turn.is_judged:
            self._abandon(turn)
        upstream_id = turn.route.upstream_id
        left = self._busy[upstream_id] - 1
        if left:
            self._busy[upstream_id] = left
        else:
            del self._busy[upstream_id]

    def keep(self, routes: Iterable[Route]) -> None:
        """Forget what is in no Route any more, so that changes of the catalog leave nothing."""
        known = {
            (each.upstream_id, each.credential_id)
            for route in routes
            for each in route.keyed or (route,)
        }
        upstream_ids = {upstream_id for upstream_id, _ in known}
        for upstream_id in self._upstreams.keys() - upstream_ids:
            del self._upstreams[upstream_id]
            self._turns.pop(upstream_id, None)
        for key in self._credentials.keys() - known:
            del self._credentials[key]

    def wait_s(self, routes: Iterable[Route], now: float) -> int:
        """Whole seconds until the first of `routes` may be called again, at least 1."""
        waits = [self.rest_s(route, now) for route in routes]
        return max(1, -(-int(min(waits, default=0.0) * 1000) // 1000))

    def seen(self, now: float) -> dict[CredentialKey, Trip]:
        """Everything that is not closed; "" stands for the Upstream as a whole."""
        # Last what counts most: an Upstream without credentials has both under one key.
        breakers = [
            *self._credentials.items(),
            *(((name, ""), breaker) for name, breaker in self._upstreams.items()),
        ]
        return {key: trip for key, each in breakers if (trip := each.seen(now)) is not None}

    def busy(self) -> dict[str, int]:
        """Tries under way, by Upstream."""
        return dict(self._busy)

    def _credential_failed(self, turn: Turn, failure: Failed, now: float) -> None:
        credential, is_probe = turn.credential, turn.is_credential_probe
        has_others = bool(turn.route.keyed)
        if failure.retry_after_s:
            credential.pause(failure.code, now, failure.retry_after_s)
        elif is_probe or not has_others:
            # Of a lone one we are sure only after some: there is nobody to go on meanwhile.
            credential.failed(failure.code, now, is_probe=is_probe)
        elif failure.status == LIMITED:
            credential.pause(failure.code, now, LIMITED_S)
        else:
            credential.trip(failure.code, now)

    def _abandon(self, turn: Turn) -> None:
        turn.upstream.abandoned(is_probe=turn.is_upstream_probe)
        turn.credential.abandoned(is_probe=turn.is_credential_probe)

    def _is_usable(self, route: Route, now: float, tried: Iterable[CredentialKey]) -> bool:
        key = (route.upstream_id, route.credential_id)
        breaker = self._credentials.get(key)
        return key not in tried and (breaker is None or breaker.is_ready(now))

    def _obstacle(self, route: Route, now: float) -> Obstacle | None:
        breaker = self._upstreams.get(route.upstream_id)
        if breaker is not None and not breaker.is_ready(now):
            return Obstacle.UPSTREAM
        return Obstacle.FULL if self._is_full(route) else None

    def _is_full(self, route: Route) -> bool:
        if route.concurrency_max is None:
            return False
        ours = max(1, route.concurrency_max // self.share)
        return self._busy.get(route.upstream_id, 0) >= ours

    def rest_s(self, route: Route, now: float) -> float:
        """Seconds until the Route may be called again; 0 for one that may be now."""
        breaker = self._upstreams.get(route.upstream_id)
        if breaker is not None and (wait_s := breaker.wait_s(now)):
            return wait_s
        known = [
            self._credentials.get((each.upstream_id, each.credential_id))
            for each in route.keyed or (route,)
        ]
        return min(each.wait_s(now) if each is not None else 0.0 for each in known)

    def _upstream(self, upstream_id: str) -> Breaker:
        found = self._upstreams.get(upstream_id)
        if found is None:
            found = self._upstreams[upstream_id] = Breaker()
        return found

    def _credential(self, key: CredentialKey) -> Breaker:
        found = self._credentials.get(key)
        if found is None:
            found = self._credentials[key] = Breaker()
        return found
