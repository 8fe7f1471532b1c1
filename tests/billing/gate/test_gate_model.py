"""Any order of admits, renewals, ends, expiries, credits, postings and repeats agrees with a model.

A failing seed replays with `--hypothesis-seed`. Long lives are in test_gate_long.py.
"""

import asyncio
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from billing.gate.client import RedisClient
from billing.gate.gate import Gate
from billing.gate.steward import Steward
from billing.gate.types import (
    Acknowledgement,
    Admitted,
    Budget,
    Denied,
    HoldRef,
    HoldState,
    Limits,
    RenewRequest,
    Scope,
    UsageEvent,
)
from billing.gate.usage_stream import UsageStream
from tests.billing.gate.calls import SITE, a_call, an_end
from tests.billing.gate.cluster import close
from tests.billing.gate.model import BUDGET_NANOS, CONCURRENCY, Model, ModelHold, Money
from tests.billing.gate.valkey import PATIENCE_S, Valkey

# Small sums, so that a step often meets a bound exactly or misses it by one.
OPENING = {"acme": 40, "globex": 12, "zero": 0}
BUDGETS = (Budget(Scope.KEY, "total", BUDGET_NANOS),)

LIVES = 100

# Few ids, so that most requests meet a Hold in some state, and repeats are the rule.
requests = st.integers(0, 5)
amounts = st.integers(0, 12)


def hold_of(number: int) -> HoldRef:
    """A Call always comes from the same organization and key, as its request id is the relay's."""
    organization = ("acme", "acme", "globex", "zero")[number % 4]
    return HoldRef(SITE, f"call-{number}", organization, f"{organization}-{number % 3}", BUDGETS)


class GateMachine(RuleBasedStateMachine):
    """Drives the real gate and the model with the same steps."""

    def __init__(self, server: Valkey) -> None:
        super().__init__()
        self.redis = server.redis()
        self.redis.flushall()
        self.runner = asyncio.Runner()
        self.client = RedisClient(server.url, timeout_s=PATIENCE_S)
        self.gates = {
            False: Gate(self.client, owner="relay-1"),
            True: Gate(self.client, owner="relay-2", hold_lifetime_ms=0),  # due at once
        }
        self.steward = Steward(self.redis)
        self.stream = UsageStream(self.redis, SITE)
        self.stream.create_group()
        self.steward.open(SITE, "epoch-1", OPENING)
        self.model = Model({name: Money(nanos, posted=nanos) for name, nanos in OPENING.items()})
        self.pending: list[UsageEvent] = []
        self.read = 0
        self.acknowledged: list[UsageEvent] = []

    def assert_agrees(self) -> None:
        """All invariants at once, for lives that hypothesis does not drive."""
        self.balances_agree()
        self.budgets_agree()
        self.every_open_hold_is_watched_by_the_reaper()

    def teardown(self) -> None:
        self.runner.run(self.client.close())
        self.runner.close()
        close(self.redis)

    def blank(self, hold: HoldRef) -> ModelHold:
        return ModelHold(hold.organization, hold.key)

    @rule(
        number=requests,
        base=amounts,
        cap=st.integers(0, 6),
        price=st.integers(0, 3),
        clampable=st.booleans(),
        is_due=st.booleans(),
    )
    def admit(self, number: int, base: int, cap: int, price: int, **flags: Any) -> None:
        hold, expected = hold_of(number), self.blank(hold_of(number))
        expected.cap, expected.is_due = cap, flags["is_due"]
        call = a_call(
            hold,
            input_nanos=base,
            output_tokens_cap=cap,
            output_nanos_per_token=price,
            is_clampable=flags["clampable"],
            organization_limits=Limits(concurrency=CONCURRENCY),
        )
        answer = self.runner.run(self.gates[flags["is_due"]].admit(call))
        model = self.model.admit(
            hold.request_id, expected, base=base, price=price, least=2, clampable=flags["clampable"]
        )
        if isinstance(model, ModelHold):
            assert isinstance(answer, Admitted)
            assert answer.hold_nanos == model.amount or answer.is_replay
            assert answer.output_tokens_cap == model.cap
            assert answer.is_replay == (model is not expected)
        else:
            assert isinstance(answer, Denied)
            assert answer.rule is model

    @rule(number=requests, charge=amounts, is_release=st.booleans())
    def end(self, number: int, charge: int, is_release: bool) -> None:
        hold = hold_of(number)
        if is_release:
            work = self.gates[False].release(hold, ending="failed", event=b"{}")
            charge, state = 0, HoldState.RELEASED
        else:
            work, state = self.gates[False].settle(an_end(hold, charge)), HoldState.SETTLED
        ended = self.runner.run(work)
        model = self.model.settle(hold.request_id, self.blank(hold), charge, state)
        assert ended.state is model.state
        assert (ended.debited_nanos, ended.written_off_nanos) == (model.debited, model.written_off)

    @rule(number=requests, checkpoint=amounts, least=amounts, is_due=st.booleans())
    def renew(self, number: int, checkpoint: int, least: int, is_due: bool) -> None:
        hold = hold_of(number)
        request = RenewRequest(hold, checkpoint, b"{}", hold_nanos_min=least)
        renewal = self.runner.run(self.gates[is_due].renew(request))
        state = self.model.renew(hold.request_id, checkpoint, least, is_due=is_due)
        assert renewal.state is state
        if state is HoldState.OPEN:
            assert renewal.hold_nanos == self.model.holds[hold.request_id].amount

    @rule()
    def expire(self) -> None:
        # Holds that are due in the same millisecond end in the order of their ids, the model's
        # in another: with a balance that differs, so let the model follow the stream's order.
        order = [hold.hold.request_id for hold in self.steward.open_holds(SITE)]
        self.model.holds = dict(
            sorted(self.model.holds.items(), key=lambda item: [*order, item[0]].index(item[0]))
        )
        assert len(self.steward.expire_due(SITE)) == self.model.expire()

    @rule(
        organization=st.sampled_from(sorted(OPENING)),
        amount=st.integers(-20, 20),
        transaction=st.integers(0, 30),
        dispute=st.booleans(),
    )
    def credit(self, organization: str, amount: int, transaction: int, dispute: bool) -> None:
        is_dispute, transaction_id = dispute and amount < 0, f"{organization}-{transaction}"
        result = self.steward.credit(
            SITE, organization, amount, transaction_id, allow_negative=is_dispute
        )
        applied = self.model.credit(organization, amount, transaction_id, dispute=is_dispute)
        assert result.is_applied == applied

    @rule(count=st.integers(1, 5))
    def take_events(self, count: int) -> None:
        events = self.stream.read_batch("worker-1", count)
        seen = [(e.request_id, e.state, e.debited_nanos, e.written_off_nanos) for e in events]
        assert seen == self.model.events[self.read : self.read + count]
        self.read += len(events)
        self.pending += events

    @rule(count=st.integers(1, 5), again=st.booleans())
    def acknowledge(self, count: int, again: bool) -> None:
        batch, self.pending = self.pending[:count], self.pending[count:]
        repeated = batch + batch[:1] + (self.acknowledged if again else [])
        counted = self.stream.acknowledge(
            [Acknowledgement(e.stream_id, e.organization, e.debited_nanos) for e in repeated]
        )
        assert counted == len(batch)
        for event in batch:
            self.model.acknowledge(event.organization, event.debited_nanos)
        self.acknowledged += batch

    @invariant()
    def balances_agree(self) -> None:
        balances = self.steward.read_balances(SITE, OPENING)
        for organization, money in self.model.money.items():
            balance = balances[organization]
            assert balance == money.balance()
            posted = balance.available_nanos + balance.held_nanos + balance.unposted_nanos
            assert posted == money.posted
            assert balance.available_nanos >= 0 or money.is_disputed

    @invariant()
    def budgets_agree(self) -> None:
        for key, spending in self.model.budgets.items():
            row = self.redis.hgetall(f"tg:{{{SITE}}}:spent:key:{key}:total")
            assert int(row.get(b"spent", 0)) == spending.spent
            assert int(row[b"held"]) == spending.held

    @invariant()
    def every_open_hold_is_watched_by_the_reaper(self) -> None:
        members: Any = self.redis.zrange(f"tg:{{{SITE}}}:holds", 0, -1)
        watched = {member.decode() for member in members}
        assert watched == {i for i, h in self.model.holds.items() if h.state is HoldState.OPEN}


def test_the_gate_agrees_with_its_model(shared_valkey: Valkey) -> None:
    lives = 0

    def machine() -> GateMachine:
        nonlocal lives
        lives += 1
        return GateMachine(shared_valkey)

    run_state_machine_as_test(  # takes any factory of machines; its stubs say class
        machine,  # type: ignore[arg-type]
        settings=settings(
            max_examples=LIVES,
            stateful_step_count=50,
            deadline=None,
            database=None,  # the seed replays; nothing is left in the checkout
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
    assert lives >= LIVES
