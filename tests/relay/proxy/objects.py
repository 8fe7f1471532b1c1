"""The ObjectDirectory in memory. It keeps the rule that matters: a job is decided once."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from relay.proxy.errors import ApiError, Cause
from relay.proxy.objects import Job, Link, ObjectKind, ObjectState, Page, StoredObject
from relay.proxy.types import Call, Caller, Route, Usage


@dataclass(slots=True)
class FakeObjects:
    routes: Sequence[Route]
    error: ApiError | None = None
    kept: dict[str, StoredObject] = field(default_factory=dict)
    charged: dict[str, Usage] = field(default_factory=dict)
    _owed: dict[str, Usage] = field(default_factory=dict)

    async def begin(self, call: Call, job: Job) -> StoredObject:
        self._check()
        assert call.route is not None
        made = StoredObject(
            id=job.id,
            kind=ObjectKind.VIDEO,
            state=ObjectState.PENDING,
            site_id=call.site.id,
            organization_id=call.caller.organization_id,
            key_id=call.caller.key_id,
            model=call.offer.model_id,
            upstream_id=call.route.upstream_id,
            credential_id=call.route.credential_id,
            upstream_model=call.route.name,
            upstream_object=job.upstream_object,
            operation=call.endpoint,
            document=job.document,
            created_at=int(time.time()),
        )
        self.kept[made.id], self._owed[made.id] = made, job.usage
        return await self.conclude(made, job.state, job.document)

    async def keep(self, made: StoredObject) -> None:
        self._check()
        self.kept.setdefault(made.id, made)

    async def find(self, caller: Caller, kind: ObjectKind, object_id: str) -> StoredObject:
        self._check()
        found = self.kept.get(object_id)
        if found is None or (found.organization_id, found.kind) != (caller.organization_id, kind):
            raise ApiError(Cause.OBJECT_NOT_FOUND, param="id", detail=object_id)
        return found

    async def page(
        self, caller: Caller, kind: ObjectKind, *, after: str, limit: int, is_ascending: bool
    ) -> Page:
        own = [
            each
            for each in self.kept.values()
            if (each.organization_id, each.kind) == (caller.organization_id, kind)
        ]
        own.sort(key=lambda each: (each.created_at, each.id), reverse=not is_ascending)
        ids = [each.id for each in own]
        start = ids.index(after) + 1 if after in ids else 0
        return Page(tuple(own[start : start + limit]), len(own) > start + limit)

    async def link(self, found: StoredObject) -> Link:
        for route in self.routes:
            if route.upstream_id == found.upstream_id:
                return Link(route.origin, route.wire)
        raise ApiError(Cause.NO_UPSTREAM_AVAILABLE)

    async def conclude(
        self, found: StoredObject, state: ObjectState, document: bytes
    ) -> StoredObject:
        now = self.kept[found.id]
        if now.state is not ObjectState.PENDING:
            return now
        now = replace(now, state=state, document=document)
        self.kept[found.id] = now
        usage = self._owed.pop(found.id) if state is not ObjectState.PENDING else None
        if state is ObjectState.COMPLETED and usage is not None:
            self.charged[found.id] = usage
        return now

    async def forget(self, found: StoredObject) -> None:
        self.kept.pop(found.id, None)

    def _check(self) -> None:
        if self.error is not None:
            raise self.error
