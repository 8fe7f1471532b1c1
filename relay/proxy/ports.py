"""What the data plane needs from the rest of the house; `config.asgi` hands in the adapters."""

from typing import Protocol

from relay.proxy.errors import ApiError
from relay.proxy.objects import Job, Link, ObjectKind, ObjectState, Page, StoredObject
from relay.proxy.types import Call, Caller, Snapshot


class KeyDirectory(Protocol):
    """Who a secret belongs to."""

    async def find(self, secret: str) -> Caller | None:
        """The key's owner and rights, revoked keys included; None for an unknown secret.

        Raises ApiError(GATE_UNAVAILABLE) when neither cache nor database can tell: an outage
        of ours must never look like a wrong key.
        """
        ...


class RouteTable(Protocol):
    """What is sold where."""

    def snapshot(self) -> Snapshot:
        """The newest snapshot; costs nothing."""
        ...


class CreditGate(Protocol):
    """The customer's money. Prices stay behind this port: the proxy counts tokens only."""

    async def admit(self, call: Call) -> None:
        """Place a Hold and set `call.admission`.

        Raises ApiError: a limit, the balance or a budget says no, or the gate is out of reach.
        """
        ...

    async def switch(self, call: Call) -> None:
        """Bring the Hold to the price of `call.offer`, which is another than it was admitted with.

        Sets `call.price` and `call.admission`. Raises ApiError: balance or budget can't pay it,
        or the gate is out of reach; the Call's Hold is still there then.
        """
        ...

    async def extend(self, call: Call, tokens: int) -> None:
        """Grow the Hold until it pays for `tokens` of output, and set `call.covered_tokens`.

        Raises ApiError: balance or budget can't pay so much, and none of it may be delivered.
        With the gate out of reach a Call that was admitted goes on.
        """
        ...

    def checkpoint(self, call: Call) -> None:
        """Note what was delivered so far and renew the Hold; returns at once, never raises."""
        ...

    def let_go(self, call: Call) -> None:
        """The Call's Hold is somebody else's from now on (`ObjectDirectory.begin`)."""
        ...

    async def settle(self, call: Call) -> None:
        """End the Hold by `call.ending`, `usage` and `route`. Exactly once, never raises.

        Returns when the debit is safe, or after one time-out: then it is retried behind.
        """
        ...


class UsageSink(Protocol):
    """Where refused calls are counted."""

    def refused(
        self,
        error: ApiError,
        *,
        status: int,
        request_id: str,
        caller: Caller,
        endpoint: str,
        model: str,
    ) -> None:
        """Count one refusal; returns at once, never raises."""
        ...


class ObjectDirectory(Protocol):
    """What Calls left behind, by owner. Raises ApiError(GATE_UNAVAILABLE) while it can't tell."""

    async def begin(self, call: Call, job: Job) -> StoredObject:
        """Keep a job whose Call goes on, and take its Hold over: whoever sees the end first ends
        the Call, a relay (`conclude`) or a worker that looks by itself."""
        ...

    async def keep(self, made: StoredObject) -> None:
        """Keep an object that is ready. Idempotent by its id."""
        ...

    async def find(self, caller: Caller, kind: ObjectKind, object_id: str) -> StoredObject:
        """The caller's organization's object; ApiError(OBJECT_NOT_FOUND) for all others."""
        ...

    async def page(
        self, caller: Caller, kind: ObjectKind, *, after: str, limit: int, is_ascending: bool
    ) -> Page:
        """The organization's objects by age, from the one that follows `after` on."""
        ...

    async def link(self, found: StoredObject) -> Link:
        """How its Upstream is reached; ApiError(NO_UPSTREAM_AVAILABLE): no longer."""
        ...

    async def conclude(
        self, found: StoredObject, state: ObjectState, document: bytes
    ) -> StoredObject:
        """A look at its Upstream showed this. The first end that is seen counts: it settles the
        Call, exactly once however often it is told. Returns the object as it is now."""
        ...

    async def forget(self, found: StoredObject) -> None:
        """It is gone for its owner. Idempotent; a Call that still goes on is not forgotten."""
        ...
