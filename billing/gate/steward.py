"""The cold side of the gate over redis-py: ends expired Holds, moves credits, reads balances,
opens and closes a site. For Celery tasks and management commands; never on a Call's path.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from redis import Redis

from billing.gate import keys, wire
from billing.gate.blocking import command, run_script
from billing.gate.runner import Word
from billing.gate.scripts import CREDIT, EXPIRE, OPEN, READING
from billing.gate.types import (
    Balance,
    BudgetSpent,
    CreditResult,
    HoldRef,
    OpenHold,
    RateUse,
    Scope,
    Settlement,
)

# A redelivered outbox entry is minutes old; thirty days outlive a long outage of the workers.
CREDITED_MS = 30 * 86_400_000
# Keys per script: about a millisecond of Redis, which serves nobody else meanwhile.
ORGANIZATIONS_PER_SCRIPT = 500
# One page of a dashboard or one run of the reaper; the next run takes the rest.
HOLDS_MAX = 1_000
REAPED = "reaped"

_HOLD_FIELDS = (
    "state",
    "organization",
    "key",
    "budgets",
    "amount",
    "checkpoint",
    "expires_at",
    "owner",
)


def _chunks(names: Iterable[str], size: int) -> Iterator[list[str]]:
    iterator = iter(names)
    while chunk := list(islice(iterator, size)):
        yield chunk


class Steward:
    """Everything done to a site's gate from outside a Call; safe to share between threads.

    Methods raise `GateUnavailable` when Redis does not answer and `GateClosed`, with nothing
    changed, while the site's gate is closed.
    """

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    def open(
        self,
        site: str,
        epoch: str,
        available_nanos: Mapping[str, int],
        *,
        unposted_nanos: Mapping[str, int] | None = None,
        credited: Iterable[str] = (),
        spent: Iterable[BudgetSpent] = (),
        run_id: str | None = None,
    ) -> bool:
        """Load every organization's balance into a closed gate, then open it under `epoch`.

        `available_nanos` is posted - unposted - held; read held here while it is closed.
        `unposted_nanos` replaces what the gate says of the debits in its stream; None leaves it.
        `credited` are the transactions that posted already contains and whose outbox entries may
        still come: they are marked first, so that they do not count twice. `spent` lifts budgets
        of which Redis lost something; one that is further is left alone. `run_id` is the server
        process from which the figures were read, None for the present one. False when the gate
        was open already (nothing was changed), when another rebuild opened it meanwhile, and when
        the server is another process by now.
        """
        if not epoch:
            raise ValueError("an epoch needs a name")
        if self.read_epoch(site) is not None:
            return False
        run_id = run_id or self.read_run_id(site)
        for transaction_id in credited:
            command(
                self._redis, "set", keys.credited_key(site, transaction_id), "1", px=CREDITED_MS
            )
        for budget in spent:
            self._load_budget(site, budget)
        for chunk in _chunks(available_nanos, ORGANIZATIONS_PER_SCRIPT):
            names = [keys.organization_key(site, organization) for organization in chunk]
            words: list[Word] = ["", run_id]
            for each in chunk:
                unposted: Word = "" if unposted_nanos is None else unposted_nanos.get(each, 0)
                words += (available_nanos[each], unposted)
            if not run_script(self._redis, OPEN, [keys.epoch_key(site), *names], words):
                return False
        return bool(run_script(self._redis, OPEN, [keys.epoch_key(site)], [epoch, run_id]))

    def close(self, site: str) -> bool:
        """Close a site's gate: every script but `open` changes nothing until it opens again."""
        return bool(command(self._redis, "delete", keys.epoch_key(site)))

    def read_epoch(self, site: str) -> str | None:
        """The epoch under which the gate is open, None while it is closed.

        It is closed too when the server is not the process under which it was opened.
        """
        reply = run_script(self._redis, READING, [keys.epoch_key(site)], [])
        return reply[0].decode() or None

    def read_run_id(self, site: str) -> str:
        """Which server process serves the site; another one may lack the last writes of this."""
        run_id: bytes = run_script(self._redis, READING, [keys.epoch_key(site)], [])[1]
        return run_id.decode()

    def read_balances(self, site: str, organizations: Iterable[str]) -> dict[str, Balance]:
        """Money per organization, each chunk at one instant; also while the gate is closed."""
        balances: dict[str, Balance] = {}
        for chunk in _chunks(organizations, ORGANIZATIONS_PER_SCRIPT):
            names = [keys.organization_key(site, organization) for organization in chunk]
            reply = run_script(self._redis, READING, [keys.epoch_key(site), *names], [])
            figures = [int(figure) for figure in reply[2:]]
            for at, organization in enumerate(chunk):
                balances[organization] = Balance(*figures[at * 4 : at * 4 + 4])
        return balances

    def read_balance(self, site: str, organization: str) -> Balance:
        """Money of one organization at one instant."""
        return self.read_balances(site, [organization])[organization]

    def credit(
        self,
        site: str,
        organization: str,
        amount_nanos: int,
        transaction_id: str,
        *,
        allow_negative: bool = False,
    ) -> CreditResult:
        """Move the balance by a posted transaction, once per `transaction_id` (for 30 days).

        A negative amount takes all or nothing; only a dispute may leave less than zero.
        """
        names = [
            keys.epoch_key(site),
            keys.organization_key(site, organization),
            keys.credited_key(site, transaction_id),
        ]
        args = [wire.signed_nanos(amount_nanos), 1 if allow_negative else 0, CREDITED_MS]
        return wire.parse_credit(run_script(self._redis, CREDIT, names, args))

    def set_spent(self, site: str, budget: BudgetSpent) -> None:
        """Begin a budget with what the books say; also where Redis knew another figure."""
        name = keys.spent_key(site, budget.scope, budget.owner, budget.period)
        command(self._redis, "hset", name, "spent", _spent_nanos(budget))
        self._end_with_period(name, budget)

    def read_spent(self, site: str, budgets: Iterable[tuple[Scope, str, str]]) -> list[int]:
        """Nanos spent of each budget, named by scope, owner and period; 0 where nothing was."""
        pipeline = self._redis.pipeline(transaction=False)
        for budget in budgets:
            pipeline.hget(keys.spent_key(site, *budget), "spent")
        return [int(spent or 0) for spent in command(pipeline, "execute")]

    def read_rates(self, site: str, owners: Iterable[tuple[Scope, str]]) -> list[RateUse]:
        """What is used of the running minute, and how many Calls are under way; 0 also of what has
        no limit, as nobody counts it then."""
        minute = self._now_ms() // 60_000
        pipeline = self._redis.pipeline(transaction=False)
        for scope, owner in owners:
            pipeline.hmget(
                keys.rate_key(site, scope, owner), f"requests:{minute}", f"tokens:{minute}"
            )
            pipeline.hget(keys.owner_key(site, scope, owner), "open")
        replies = command(pipeline, "execute")
        return [
            RateUse(int(rates[0] or 0), int(rates[1] or 0), int(under_way or 0))
            for rates, under_way in zip(replies[::2], replies[1::2], strict=True)
        ]

    def expire_due(self, site: str, limit: int = HOLDS_MAX) -> list[Settlement]:
        """End the Holds whose time has passed, oldest first, at most `limit`.

        A Hold that was renewed or settled meanwhile is left out of the answer.
        """
        due = command(
            self._redis, "zrangebyscore", keys.holds_key(site), 0, self._now_ms(), 0, limit
        )
        ended = []
        for raw_id, row in self._read_holds(site, due):
            ref = _hold_ref(site, raw_id.decode(), row)
            reply = run_script(
                self._redis, EXPIRE, keys.hold_keys(ref), wire.expire_args(ref, ending=REAPED)
            )
            settlement = wire.parse_settlement(reply)
            if not settlement.is_replay:
                ended.append(settlement)
        return ended

    def open_holds(self, site: str, limit: int = HOLDS_MAX) -> list[OpenHold]:
        """The site's open Holds, the first to expire first, at most `limit`."""
        soonest = command(self._redis, "zrange", keys.holds_key(site), 0, limit - 1)
        return [
            OpenHold(
                hold=_hold_ref(site, raw_id.decode(), row),
                amount_nanos=int(row["amount"]),
                checkpoint_nanos=int(row["checkpoint"]),
                expires_at_ms=int(row["expires_at"]),
                owner=row["owner"].decode(),
            )
            for raw_id, row in self._read_holds(site, soonest)
            if row["state"] == b"open"
        ]

    def _load_budget(self, site: str, budget: BudgetSpent) -> None:
        name = keys.spent_key(site, budget.scope, budget.owner, budget.period)
        known = command(self._redis, "hget", name, "spent")
        # nobody counts while the gate is closed, so that reading first loses nothing
        if known is None or int(known) < budget.spent_nanos:
            command(self._redis, "hset", name, "spent", _spent_nanos(budget))
            self._end_with_period(name, budget)

    def _end_with_period(self, name: str, budget: BudgetSpent) -> None:
        if budget.resets_at_ms:
            command(self._redis, "pexpireat", name, budget.resets_at_ms + wire.BUDGET_GRACE_MS)

    def _now_ms(self) -> int:
        seconds, microseconds = command(self._redis, "time")
        return int(seconds) * 1000 + int(microseconds) // 1000

    def _read_holds(self, site: str, ids: list[bytes]) -> list[tuple[bytes, dict[str, Any]]]:
        pipeline = self._redis.pipeline(transaction=False)
        for raw_id in ids:
            pipeline.hmget(keys.hold_key(site, raw_id.decode()), _HOLD_FIELDS)
        rows = command(pipeline, "execute") if ids else []
        return [
            (raw_id, dict(zip(_HOLD_FIELDS, row, strict=True)))
            for raw_id, row in zip(ids, rows, strict=True)
        ]


def _spent_nanos(budget: BudgetSpent) -> int:
    """A sum of many Calls, moved by HINCRBY: larger than what a script computes with."""
    if 0 <= budget.spent_nanos <= wire.LIMIT_NANOS_MAX:
        return budget.spent_nanos
    raise ValueError(f"not what a budget can have spent: {budget.spent_nanos} nanos")


def _hold_ref(site: str, request_id: str, row: Mapping[str, bytes | None]) -> HoldRef:
    organization, key, budgets = (
        (row[name] or b"").decode() for name in ("organization", "key", "budgets")
    )
    return HoldRef(site, request_id, organization, key, keys.parse_budget_names(budgets))
