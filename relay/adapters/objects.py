"""ObjectDirectory: objects in Postgres, and at the gate the Calls that they are paid by."""

import logging
from datetime import UTC, datetime
from typing import Any

from billing.gate.errors import GateError
from billing.gate.gate import Gate
from billing.gate.types import HoldState
from relay import deferred, objects
from relay.adapters import links, usage_events
from relay.adapters.admissions import hold_of
from relay.adapters.postgres import asked
from relay.models import DeferredCall, UpstreamObject
from relay.proxy.errors import ApiError, Cause
from relay.proxy.objects import Job, Link, ObjectKind, ObjectState, Page, StoredObject
from relay.proxy.types import Call, Caller

log = logging.getLogger(__name__)


class Objects:
    """Implements the proxy's ObjectDirectory, and what the worker does beside it.

    `gate` gives Holds the lifetime of deferred Calls (`deferred.HOLD_LIFETIME_MS`).
    """

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    async def begin(self, call: Call, job: Job) -> StoredObject:
        """See `ports.ObjectDirectory.begin`."""
        row, owed = _rows(call, job)
        await asked(deferred.begin)(row, owed)
        await self.renew(owed)
        made = shown(row)
        if job.state is ObjectState.PENDING:
            return made
        return await self.conclude(made, job.state, job.document)

    async def keep(self, made: StoredObject) -> None:
        """See `ports.ObjectDirectory.keep`."""
        await asked(objects.keep)(_row(made, created_at=_at(made.created_at)))

    async def find(self, caller: Caller, kind: ObjectKind, object_id: str) -> StoredObject:
        """See `ports.ObjectDirectory.find`."""
        owner = caller.site_id, caller.organization_id
        row = None
        if object_id.isprintable():  # Postgres keeps no NUL, and an id of ours has none
            row = await asked(objects.find)(*owner, kind, object_id, _now())
        if row is None:
            raise ApiError(Cause.OBJECT_NOT_FOUND, param="id", detail=object_id[:64])
        return shown(row)

    async def page(
        self, caller: Caller, kind: ObjectKind, *, after: str, limit: int, is_ascending: bool
    ) -> Page:
        """See `ports.ObjectDirectory.page`."""
        rows = await asked(objects.page)(
            caller.site_id,
            caller.organization_id,
            kind,
            _now(),
            after=after if after.isprintable() else "",
            limit=limit + 1,
            is_ascending=is_ascending,
        )
        return Page(tuple(shown(row) for row in rows[:limit]), len(rows) > limit)

    async def link(self, found: StoredObject) -> Link:
        """See `ports.ObjectDirectory.link`."""
        return await asked(links.link)(found.upstream_id, found.credential_id)

    async def conclude(
        self, found: StoredObject, state: ObjectState, document: bytes
    ) -> StoredObject:
        """See `ports.ObjectDirectory.conclude`. With the gate away a worker tells it later."""
        row = await asked(deferred.decide)(found.id, state, document, _now())
        if row.state != ObjectState.PENDING:
            owed = await asked(deferred.find)(found.id)
            if owed is not None:
                await self.settle(owed)
        return shown(row)

    async def forget(self, found: StoredObject) -> None:
        """See `ports.ObjectDirectory.forget`."""
        await asked(objects.forget)(found.id, _now())

    async def settle(self, owed: DeferredCall) -> bool:
        """Tell the gate how a decided Call ended; False: it could not be told."""
        try:
            await self._gate.settle(deferred.settlement(owed, _now()))
        except (GateError, ValueError) as error:
            log.warning("%s: told the gate later: %s", owed.request_id, error)
            return False
        return True

    async def renew(self, owed: DeferredCall) -> None:
        """Keep an open Call's Hold alive; never raises. One that expired is settled late."""
        try:
            renewal = await self._gate.renew(deferred.renewal(owed))
            if renewal.state is HoldState.MISSING:
                await self._gate.restore(deferred.restoration(owed))
        except (GateError, ValueError) as error:
            log.warning("%s: its Hold was not renewed: %s", owed.request_id, error)


def _rows(call: Call, job: Job) -> tuple[UpstreamObject, DeferredCall]:
    """What is kept of a job and of its Call; priced now, by the version it was admitted under."""
    now = _now()
    call.usage = job.usage
    final, call.usage = usage_events.final(call), None
    made = StoredObject(
        id=job.id,
        kind=ObjectKind.VIDEO,
        state=ObjectState.PENDING,
        site_id=call.site.id,
        organization_id=call.caller.organization_id,
        key_id=call.caller.key_id,
        model=call.offer.model_id,
        upstream_id=call.upstream_id,
        credential_id=call.route.credential_id if call.route else "",
        upstream_model=call.route.name if call.route else "",
        upstream_object=job.upstream_object,
        operation=call.endpoint,
        document=job.document,
        created_at=int(now.timestamp()),
    )
    row = _row(made, created_at=now)
    owed = DeferredCall(
        object=row,
        organization_id=made.organization_id,
        request_id=call.request_id,
        budgets=deferred.budget_rows(hold_of(call).budgets),
        hold_nanos=call.admission.hold_nanos if call.admission else 0,
        charge_nanos=final.charge_nanos,
        event=final.event,
        next_look_at=now + deferred.pause(0),
        gives_up_at=now + deferred.LIFE,
    )
    return row, owed


def _row(made: StoredObject, *, created_at: datetime) -> UpstreamObject:
    fields: dict[str, Any] = {
        name: getattr(made, name)
        for name in (
            *("id", "kind", "state", "site_id", "organization_id", "key_id", "model"),
            *("upstream_id", "credential_id", "upstream_model", "upstream_object"),
            *("operation", "document", "items"),
        )
    }
    return UpstreamObject(
        **fields, created_at=created_at, expires_at=created_at + objects.life_of(made.kind)
    )


def shown(row: UpstreamObject) -> StoredObject:
    """The row as the proxy knows it."""
    return StoredObject(
        id=row.id,
        kind=ObjectKind(row.kind),
        state=ObjectState(row.state),
        site_id=row.site_id,
        organization_id=row.organization_id,
        key_id=row.key_id,
        model=row.model,
        upstream_id=row.upstream_id,
        credential_id=row.credential_id,
        upstream_model=row.upstream_model,
        upstream_object=row.upstream_object,
        operation=row.operation,
        document=bytes(row.document),
        items=bytes(row.items),
        created_at=int(row.created_at.timestamp()),
        looked_at=int(row.looked_at.timestamp()) if row.looked_at else 0,
    )


def _now() -> datetime:
    return datetime.now(UTC)


def _at(unix_s: int) -> datetime:
    return datetime.fromtimestamp(unix_s, UTC)
