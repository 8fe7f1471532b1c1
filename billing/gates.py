"""Opens closed gates: loads a site's balances into Redis from the books. Postgres is the truth.

Never touches an open gate but to close it on request; differences are the audit's to tell.
"""

import logging
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db import connection

from accounts.models import Site
from billing import budgets, connections, site_locks
from billing.gate.blocking import command
from billing.gate.errors import ScriptRefused
from billing.gate.keys import usage_key
from billing.gate.usage_stream import GROUP, is_no_group
from billing.models import UsageRecord

logger = logging.getLogger(__name__)

# Entries of the usage stream per read while its debits are summed up.
PAGE_ENTRIES = 1_000

# One statement, so one instant: which credits are waiting and whether posted contains them.
_BOOKS = """
SELECT organization.id, COALESCE(account.balance_nanos, 0),
  ARRAY(SELECT waiting.transaction_id FROM billing_creditoutbox AS waiting
        WHERE waiting.organization_id = organization.id AND waiting.applied_at IS NULL)
FROM accounts_organization AS organization
LEFT JOIN billing_ledgeraccount AS account ON account.organization_id = organization.id
WHERE organization.site_id = %s
"""


@dataclass(frozen=True, slots=True)
class Books:
    """What Postgres says of a site at one instant."""

    posted_nanos: dict[str, int]
    waiting_ids: list[int]  # credits in those figures that the gate may still be told of


@dataclass(frozen=True, slots=True)
class Waiting:
    """Debits in a site's usage stream by organization; an acknowledgement takes both off."""

    booked: defaultdict[str, int]  # posted, but its worker died before it acknowledged
    unbooked: defaultdict[str, int]

    @property
    def unacknowledged(self) -> dict[str, int]:
        """What the gate must call unposted."""
        organizations = self.booked.keys() | self.unbooked.keys()
        return {each: self.booked[each] + self.unbooked[each] for each in organizations}


def open_gates() -> int:
    """Rebuild every site whose gate is closed; how many were opened. Raises GateError.

    Closed is also a gate whose server is not the process that it was opened under.
    """
    steward = connections.steward()
    closed = [
        site_id
        for site_id in Site.objects.order_by("pk").values_list("pk", flat=True)
        if steward.read_epoch(site_id) is None
    ]
    return sum(_open(site_id) for site_id in closed)


def rebuild(site_id: str) -> bool:
    """Close a site's gate and load it anew; Calls get 503 meanwhile.

    False when posting was under way: the gate stays closed until `open_gates` comes round.
    """
    connections.steward().close(site_id)
    return _open(site_id)


def _open(site_id: str) -> bool:
    with site_locks.rebuilding(site_id) as is_alone:
        if not is_alone:
            return False
        steward = connections.steward()
        # first of all: figures of a server that dies meanwhile open no gate
        run_id = steward.read_run_id(site_id)
        books = _read_books(site_id)
        held = steward.read_balances(site_id, books.posted_nanos)
        waiting = _sum_stream(site_id)
        available = {
            each: posted - waiting.unbooked[each] - held[each].held_nanos
            for each, posted in books.posted_nanos.items()
        }
        is_open = steward.open(
            site_id,
            uuid.uuid4().hex,
            available,
            unposted_nanos=waiting.unacknowledged,
            credited=[str(transaction_id) for transaction_id in books.waiting_ids],
            spent=budgets.spent_on(site_id),
            run_id=run_id,
        )
    if is_open:
        logger.warning("gate of site %s opened with %d balances", site_id, len(available))
    return is_open


def _read_books(site_id: str) -> Books:
    with connection.cursor() as cursor:
        cursor.execute(_BOOKS, [site_id])
        rows = cursor.fetchall()
    return Books(
        posted_nanos={organization_id: nanos for organization_id, nanos, _ in rows},
        waiting_ids=[each for _, _, waiting in rows for each in waiting],
    )


def sum_booked(site_id: str) -> defaultdict[str, int]:
    """Debits by organization that are in the books and still in the stream: committed, and not
    acknowledged yet."""
    try:
        pending = command(connections.redis(), "xpending", usage_key(site_id), GROUP)
    except ScriptRefused as error:
        if is_no_group(error):
            return defaultdict(int)
        raise
    if not pending["pending"]:
        return defaultdict(int)
    # Only what a worker was given can be booked; that is the head of a long stream.
    span = (pending["min"].decode(), pending["max"].decode())
    return _sum_stream(site_id, span).booked


def _sum_stream(site_id: str, span: tuple[str, str] = ("-", "+")) -> Waiting:
    waiting = Waiting(defaultdict(int), defaultdict(int))
    for page in _pages(site_id, *span):
        posted = _posted_from(page)
        for stream_id, fields in page:
            sums = waiting.booked if stream_id in posted else waiting.unbooked
            sums[fields[b"organization"].decode()] += int(fields[b"debited"])
    return waiting


def _pages(site_id: str, start: str, end: str) -> Iterator[list[tuple[str, dict[bytes, bytes]]]]:
    key = usage_key(site_id)
    while True:
        raw = command(connections.redis(), "xrange", key, min=start, max=end, count=PAGE_ENTRIES)
        if raw:
            yield [(stream_id.decode(), fields) for stream_id, fields in raw]
        if len(raw) < PAGE_ENTRIES:
            return
        start = f"({raw[-1][0].decode()}"


def _posted_from(page: Iterable[tuple[str, dict[bytes, bytes]]]) -> set[str]:
    """The entries that a worker had committed but not acknowledged."""
    by_request = {fields[b"request_id"].decode(): stream_id for stream_id, fields in page}
    rows = UsageRecord.objects.filter(pk__in=by_request).values_list("request_id", "stream_id")
    return {stream_id for _, stream_id in rows}
