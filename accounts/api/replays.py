"""`Idempotency-Key`: a POST that was done is answered again from what was kept, never done again.

A key belongs to one caller for 24 hours, as on the inference endpoints. What failed is not kept,
so that it may be tried again; what is shown only once (a secret) is not kept either.
"""

import hashlib
import re
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from rest_framework.request import Request

from accounts.api.problems import Problem
from accounts.models import KeptAnswer

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
KEPT = timedelta(hours=24)
# A request that long without an answer died with its process: another may take the key over.
CLAIM_LIFETIME = timedelta(minutes=2)
# Old rows that one claim clears away: more than it adds, and no burden on it.
CLEARED_MAX = 20
_KEY = re.compile(r"[!-~]{1,255}", re.ASCII)


class Claimed:
    """A key that is this request's until `keep` or `drop`."""

    def __init__(self, row: KeptAnswer) -> None:
        self._row = row

    def keep(self, status: int, body: Any) -> None:
        self._row.status, self._row.body = status, body
        self._row.save(update_fields=["status", "body"])

    def drop(self) -> None:
        KeptAnswer.objects.filter(pk=self._row.pk, status=None).delete()


def key_of(request: Request) -> str | None:
    """The key that came with the request; 400 for nonsense."""
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not _KEY.fullmatch(key):
        raise Problem(
            400,
            "invalid_request",
            f"{HEADER} is 1 to 255 visible ASCII characters.",
            errors=[(HEADER, "invalid", "1 to 255 visible ASCII characters")],
        )
    return key


def claim(caller: str, key: str, request: Request) -> Claimed | KeptAnswer:
    """Take the key, or give what was kept under it. 422 where it was used for another request, 409
    while that one is running."""
    digest = _digest(request)
    now = timezone.now()
    with transaction.atomic():
        row, is_new = KeptAnswer.objects.get_or_create(
            caller=caller, key=key, defaults={"digest": digest, "created_at": now}
        )
        row = KeptAnswer.objects.select_for_update().get(pk=row.pk)
        age = now - row.created_at
        if is_new or age > KEPT or (row.status is None and age > CLAIM_LIFETIME):
            row.digest, row.created_at, row.status, row.body = digest, now, None, None
            row.save()
            _clear(now)
            return Claimed(row)
    if bytes(row.digest) != digest:
        raise Problem(
            422, "idempotency_key_reused", "The key was used for another request within 24 hours."
        )
    if row.status is None:
        raise Problem(
            409,
            "idempotency_key_running",
            "That request is still running.",
            headers={"Retry-After": "1"},
        )
    return row


def _digest(request: Request) -> bytes:
    """Of what the request asks for, in the words it was asked in: address and parsed body."""
    said = f"{request.method} {request.get_full_path()} {request.data!r}"
    return hashlib.sha256(said.encode()).digest()


def _clear(now: Any) -> None:
    old = KeptAnswer.objects.filter(created_at__lt=now - KEPT).values_list("pk", flat=True)
    KeptAnswer.objects.filter(pk__in=list(old.order_by("created_at")[:CLEARED_MAX])).delete()
