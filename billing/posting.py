"""Posts usage: from a site's stream into the books, each Call once, and tells the gate.

A batch is one database transaction, acknowledged after its commit. Whatever dies in between is
delivered again and found on record; an event that can't be posted stops nothing.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from contextlib import contextmanager, suppress

from django.db import (
    DataError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    connection,
    transaction,
)
from psycopg.errors import DeadlockDetected

from billing import connections, episodes, key_uses, ledger, quarantine, site_locks, usage_rows
from billing.gate.errors import GateError
from billing.gate.types import Acknowledgement, HoldState, UsageEvent
from billing.ledger import Account, AccountKind, LedgerError, Posting, TransactionKind
from billing.signals import usage_posted
from billing.usage_rows import AlreadyOnRecord, Known, Usage

# Read and acknowledged at a time: about a millisecond of Redis, which serves Calls meanwhile.
READ_EVENTS = 500
# One database transaction: half a second when much waits. What it costs for each organization, not
# for each event, is most of it where there are many: with 500 a thousand organizations would be a
# thousand ledger transactions for hardly more events. More would make a top-up wait for longer, as
# the accounts of the batch are locked until its commit.
BATCH_EVENTS = 5_000
# A worker posts a batch in well under a second: one that sat on it for so long is dead.
RECLAIM_IDLE_MS = 30_000
# Each lost race or deadlock means that another worker got on; after so many, halves meet others
# less often, and a Call alone is found on record at the second try.
BATCH_TRIES = 10

# The site's own accounts that a charge moves, in the order that `_posting` takes them.
CHARGED_HOUSES = (
    *(AccountKind.REVENUE, AccountKind.WRITE_OFF, AccountKind.COST, AccountKind.PAYABLE),
)

# Reasons by which one bad event spoils a whole batch: the batch is halved until it is found.
_SPOILING = (DataError, IntegrityError, LedgerError)


def drain(site_id: str, consumer: str, *, until_s: float) -> int:
    """Post what waits, at least one batch, until nothing does or `time.monotonic()` is `until_s`;
    then tell whoever listens, once.

    Any number of workers may drain a site at once. Returns the number of events dealt with.
    Raises GateError and OperationalError when a server is out of reach; nothing is lost then.
    """
    connections.usage_stream(site_id).create_group()
    organization_ids: set[str] = set()
    posted = 0
    try:
        while True:
            count = _drain_batch(site_id, consumer, organization_ids)
            posted += count
            if not count or time.monotonic() >= until_s:
                return posted
    finally:
        # Also of what was posted before a server was lost.
        if organization_ids:
            _tell(frozenset(organization_ids))


def _drain_batch(site_id: str, consumer: str, organization_ids: set[str]) -> int:
    """Post one batch and add whose it was; the number of its events."""
    with site_locks.posting(site_id) as is_free:
        # A closed gate takes no acknowledgements.
        if not is_free or connections.steward().read_epoch(site_id) is None:
            return 0
        batch = _read(site_id, consumer)
        if batch:
            with _given_back_without_postgres(site_id, consumer, batch):
                organization_ids |= post_batch(site_id, batch)
        return len(batch)


@contextmanager
def _given_back_without_postgres(
    site_id: str, consumer: str, batch: Sequence[UsageEvent]
) -> Iterator[None]:
    """Whoever posts next, once Postgres is back, takes it at once, not when it looks dead."""
    try:
        yield
    except (OperationalError, InterfaceError):
        with suppress(GateError):
            ids = [event.stream_id for event in batch]
            connections.usage_stream(site_id).give_back(consumer, ids, idle_ms=RECLAIM_IDLE_MS)
        raise


def _read(site_id: str, consumer: str) -> list[UsageEvent]:
    """What a dead worker left, else what is new."""
    stream = connections.usage_stream(site_id)
    batch = stream.reclaim(consumer, READ_EVENTS, idle_ms=RECLAIM_IDLE_MS)
    while not batch or (len(batch) % READ_EVENTS == 0 and len(batch) < BATCH_EVENTS):
        events = stream.read_batch(consumer, READ_EVENTS)
        if not events:
            break
        batch += events
    return batch


def _tell(organization_ids: frozenset[str]) -> None:
    episodes.close_cured(organization_ids)
    usage_posted.send_robust(sender=None, organization_ids=organization_ids)


def post_batch(site_id: str, batch: Sequence[UsageEvent]) -> frozenset[str]:
    """Book a batch, then acknowledge it; whose it was. Safe to repeat at any point."""
    spoiled: list[tuple[UsageEvent, str]] = []
    usages = _readable(site_id, batch, spoiled)
    duplicates = _book_or_halve(site_id, usages, spoiled)
    quarantine.put(site_id, spoiled)
    unbooked = duplicates | {event.stream_id for event, _ in spoiled}
    connections.usage_stream(site_id).acknowledge(
        [
            Acknowledgement(
                stream_id=event.stream_id,
                organization=event.organization,
                debited_nanos=event.debited_nanos,
                is_duplicate=event.stream_id in unbooked,
            )
            for event in batch
        ]
    )
    return frozenset(usage.gate.organization for usage in usages)


def _readable(
    site_id: str, batch: Sequence[UsageEvent], spoiled: list[tuple[UsageEvent, str]]
) -> list[Usage]:
    known = _organizations(site_id, {event.organization for event in batch})
    usages = []
    for event in batch:
        if event.organization not in known:
            spoiled.append((event, "no such organization on this site"))
            continue
        try:
            usages.append(usage_rows.read(site_id, event))
        except usage_rows.UnreadableEvent as error:
            spoiled.append((event, str(error)))
    return usages


def _organizations(site_id: str, named: Set[str]) -> frozenset[str]:
    """Those of them that the site has. By an array, as a thousand parameters cost milliseconds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id FROM accounts_organization WHERE site_id = %s AND id = ANY(%s)",
            [site_id, list(named)],
        )
        return frozenset(organization_id for (organization_id,) in cursor.fetchall())


def _book_or_halve(
    site_id: str, usages: Sequence[Usage], spoiled: list[tuple[UsageEvent, str]]
) -> set[str]:
    """Book what can be booked; the stream ids of duplicates."""
    if not usages:
        return set()
    try:
        return _book_patiently(site_id, usages)
    except AlreadyOnRecord:
        if len(usages) == 1:
            raise
    except _SPOILING as error:
        if len(usages) == 1:
            spoiled.append((usages[0].gate, str(error).partition("\n")[0]))
            return set()
    middle = len(usages) // 2
    return _book_or_halve(site_id, usages[:middle], spoiled) | _book_or_halve(
        site_id, usages[middle:], spoiled
    )


def _book_patiently(site_id: str, usages: Sequence[Usage]) -> set[str]:
    # The gate ends a Call once, and what was settled in time is new unless it is delivered again:
    # only others are looked for. A wrong guess costs one refused batch.
    doubtful = [usage for usage in usages if usage.gate.state is not HoldState.SETTLED]
    for tries_left in reversed(range(BATCH_TRIES)):
        try:
            with transaction.atomic():
                return _book(site_id, usages, usage_rows.find_known(doubtful))
        except AlreadyOnRecord:
            if not tries_left:
                raise
            doubtful = list(usages)
        except OperationalError as error:
            # Not after a lost connection: the site's lock went with it.
            if not tries_left or not isinstance(error.__cause__, DeadlockDetected):
                raise
    return set()


def _book(site_id: str, usages: Sequence[Usage], known: Mapping[str, Known]) -> set[str]:
    """Put the Calls that are new on record and charge for them, in the caller's transaction;
    the stream ids of duplicates. `known` are records that there are already."""
    fresh: dict[str, Usage] = {}
    duplicates = set()
    for usage in usages:
        request_id = usage.gate.request_id
        earlier, record = fresh.get(request_id), known.get(request_id)
        if record is not None and record.stream_id == usage.gate.stream_id:
            continue  # delivered again after a crash between commit and acknowledgement
        if _is_new(usage, earlier, record):
            fresh[request_id] = usage
        else:
            duplicates.add(usage.gate.stream_id)
    new = list(fresh.values())
    if new:
        replaced = [known[request_id] for request_id in fresh if request_id in known]
        if replaced:
            usage_rows.remove_uncharged(replaced)
        usage_rows.insert(new, _charge(site_id, new))
        key_uses.note(new)
    return duplicates


def _is_new(usage: Usage, earlier: Usage | None, record: Known | None) -> bool:
    """Whether it is the Call's first event, or a late settle after the reaper charged nothing."""
    if earlier is not None:
        return usage.is_late and earlier.is_uncharged_reaped
    return record is None or (usage.is_late and record.is_uncharged_reaped)


def _charge(site_id: str, new: Sequence[Usage]) -> dict[str, int]:
    """One transaction per organization that owes or cost anything; its id by organization."""
    groups: dict[str, list[Usage]] = defaultdict(list)
    for usage in new:
        groups[usage.gate.organization].append(usage)
    houses = [ledger.house(site_id, kind) for kind in CHARGED_HOUSES]
    postings = {each: _posting(site_id, each, group, houses) for each, group in groups.items()}
    moving = {each: posting for each, posting in postings.items() if any(posting.amounts.values())}
    booked = ledger.post_all(list(moving.values())) if moving else []
    return {each: posted.transaction_id for each, posted in zip(moving, booked, strict=True)}


def _posting(
    site_id: str, organization_id: str, group: Sequence[Usage], houses: Sequence[Account]
) -> Posting:
    """Revenue shows what was delivered; what nobody could pay is a write-off against it."""
    charge = sum(usage.gate.debited_nanos for usage in group)
    written_off = sum(usage.gate.written_off_nanos for usage in group)
    cost = sum(usage.call.cost_nanos for usage in group)
    first, last = group[0].gate.stream_id, group[-1].gate.stream_id
    revenue, write_off, costs, payable = houses
    return Posting(
        site_id=site_id,
        kind=TransactionKind.CHARGE,
        # An event is new only once, so that no two batches share their first and last.
        external_id=f"{organization_id}:{first}:{last}",
        amounts={
            ledger.customer(site_id, organization_id): -charge,
            revenue: charge + written_off,
            write_off: -written_off,
            costs: cost,
            payable: -cost,
        },
    )
