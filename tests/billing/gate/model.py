"""The gate in plain Python: what the scripts must do, said a second time and without Redis.

Rate windows are left out, because they depend on the server's clock.
"""

from dataclasses import dataclass, field

from billing.gate.types import Balance, HoldState, Rule

BUDGET_NANOS = 40
CONCURRENCY = 4


@dataclass(slots=True)
class Money:
    available: int = 0
    held: int = 0
    unposted: int = 0
    open_holds: int = 0
    posted: int = 0
    is_disputed: bool = False

    def balance(self) -> Balance:
        return Balance(self.available, self.held, self.unposted, self.open_holds)


@dataclass(slots=True)
class Spending:
    spent: int = 0
    held: int = 0


@dataclass(slots=True)
class ModelHold:
    organization: str
    key: str
    amount: int = 0
    cap: int = 0
    state: HoldState = HoldState.OPEN
    checkpoint: int = 0
    is_due: bool = False
    debited: int = 0
    written_off: int = 0


@dataclass(slots=True)
class Model:
    money: dict[str, Money]
    budgets: dict[str, Spending] = field(default_factory=dict)
    holds: dict[str, ModelHold] = field(default_factory=dict)
    credited: set[str] = field(default_factory=set)
    events: list[tuple[str, HoldState, int, int]] = field(default_factory=list)

    def admit(
        self,
        request_id: str,
        hold: ModelHold,
        *,
        base: int,
        price: int,
        least: int,
        clampable: bool,
    ) -> ModelHold | Rule:
        if request_id in self.holds:
            return self.holds[request_id]
        money, spending = self.money[hold.organization], self.budgets.get(hold.key, Spending())
        if money.open_holds >= CONCURRENCY:
            return Rule.ORGANIZATION_CONCURRENCY
        asked = hold.cap
        rooms = {
            Rule.KEY_BUDGET: BUDGET_NANOS - spending.spent - spending.held,
            Rule.BALANCE: money.available,
        }
        for rule, room in rooms.items():
            while base + hold.cap * price > room:
                # the slow, obvious way to find the largest cap that fits
                if not clampable or price == 0 or hold.cap <= min(least, asked):
                    return rule
                hold.cap -= 1
        hold.amount = base + hold.cap * price
        self._move_hold(hold, hold.amount, 1)
        self.budgets[hold.key] = spending
        spending.held += hold.amount
        self.holds[request_id] = hold
        return hold

    def settle(self, request_id: str, fresh: ModelHold, charge: int, state: HoldState) -> ModelHold:
        hold = self.holds.get(request_id)
        if hold is None:
            self.holds[request_id] = hold = fresh
            hold.state = HoldState.EXPIRED
            is_late = True
        else:
            uncharged = hold.debited + hold.written_off == 0
            is_late = hold.state is HoldState.EXPIRED and uncharged and charge > 0
        if hold.state is HoldState.OPEN:
            self._end(request_id, hold, hold.amount, charge, state)
        elif is_late:
            self._end(request_id, hold, 0, charge, HoldState.LATE)
        return hold

    def renew(self, request_id: str, checkpoint: int, least: int, *, is_due: bool) -> HoldState:
        hold = self.holds.get(request_id)
        if hold is None or hold.state is not HoldState.OPEN:
            return HoldState.MISSING if hold is None else hold.state
        spending = self.budgets[hold.key]
        room = BUDGET_NANOS - spending.spent - spending.held
        growth = min(least - hold.amount, room, self.money[hold.organization].available)
        if growth > 0:
            hold.amount += growth
            self._move_hold(hold, growth, 0)
            spending.held += growth
        hold.checkpoint, hold.is_due = checkpoint, is_due
        return hold.state

    def expire(self) -> int:
        due = [(i, h) for i, h in self.holds.items() if h.is_due and h.state is HoldState.OPEN]
        for request_id, hold in due:
            self._end(request_id, hold, hold.amount, hold.checkpoint, HoldState.EXPIRED)
        return len(due)

    def credit(self, organization: str, amount: int, transaction: str, *, dispute: bool) -> bool:
        money = self.money[organization]
        if transaction in self.credited:
            return True
        if amount < 0 and not dispute and money.available + amount < 0:
            return False
        money.available += amount
        money.posted += amount
        money.is_disputed |= dispute
        self.credited.add(transaction)
        return True

    def acknowledge(self, organization: str, debited: int) -> None:
        self.money[organization].unposted -= debited
        self.money[organization].posted -= debited

    def _move_hold(self, hold: ModelHold, amount: int, count: int) -> None:
        money = self.money[hold.organization]
        money.available -= amount
        money.held += amount
        money.open_holds += count

    def _end(
        self, request_id: str, hold: ModelHold, held: int, charge: int, state: HoldState
    ) -> None:
        money = self.money[hold.organization]
        debited = min(charge, held + max(money.available, 0))
        self._move_hold(hold, -held, -1 if hold.state is HoldState.OPEN else 0)
        money.available -= debited
        money.unposted += debited
        if hold.key in self.budgets:
            self.budgets[hold.key].held -= held
            self.budgets[hold.key].spent += charge
        hold.state, hold.debited, hold.written_off = state, debited, charge - debited
        self.events.append((request_id, state, debited, charge - debited))
