"""Acceptance 9: long lives of a gate against its model, each replayed by its seed.

Hypothesis draws short lives and shrinks them (test_gate_model.py); two thousand steps are more than
it can hold. GATE_MODEL=long runs 200 seeds x 2,000 steps; GATE_SEED=n replays one of them.
"""

import os
from collections.abc import Callable
from random import Random

import pytest

from tests.billing.gate.test_gate_model import OPENING, GateMachine
from tests.billing.gate.valkey import Valkey

IS_LONG = os.environ.get("GATE_MODEL") == "long"
SEED = os.environ.get("GATE_SEED")
STEPS = 2_000 if IS_LONG or SEED else 200
SEEDS = [int(SEED)] if SEED else range(200 if IS_LONG else 3)


def _admit(machine: GateMachine, draw: Random) -> None:
    machine.admit(
        number=draw.randint(0, 5),
        base=draw.randint(0, 12),
        cap=draw.randint(0, 6),
        price=draw.randint(0, 3),
        clampable=draw.random() < 0.5,
        is_due=draw.random() < 0.5,
    )


def _end(machine: GateMachine, draw: Random) -> None:
    number, charge = draw.randint(0, 5), draw.randint(0, 12)
    machine.end(number=number, charge=charge, is_release=draw.random() < 0.5)


def _renew(machine: GateMachine, draw: Random) -> None:
    machine.renew(
        number=draw.randint(0, 5),
        checkpoint=draw.randint(0, 12),
        least=draw.randint(0, 12),
        is_due=draw.random() < 0.5,
    )


def _credit(machine: GateMachine, draw: Random) -> None:
    machine.credit(
        organization=draw.choice(sorted(OPENING)),
        amount=draw.randint(-20, 20),
        # ids never run out in a long life, and half of the time one comes again
        transaction=draw.randint(0, 5_000),
        dispute=draw.random() < 0.1,
    )


def _forget_ended(machine: GateMachine, draw: Random) -> None:
    """Their tombstones' time is over: the ids are free for new Calls."""
    for request_id, hold in list(machine.model.holds.items()):
        if hold.state.value != "open" and draw.random() < 0.7:
            machine.redis.delete(f"tg:{{storefront}}:hold:{request_id}")
            del machine.model.holds[request_id]


def _take(machine: GateMachine, draw: Random) -> None:
    machine.take_events(count=draw.randint(1, 5))


def _acknowledge(machine: GateMachine, draw: Random) -> None:
    machine.acknowledge(count=draw.randint(1, 5), again=draw.random() < 0.1)
    machine.acknowledged = machine.acknowledged[-10:]


STEP_KINDS: list[Callable[[GateMachine, Random], None]] = [
    *[_admit, _end, _renew] * 3,
    *[_credit, _take, _acknowledge] * 2,
    *[_forget_ended, lambda machine, draw: machine.expire()],
]


@pytest.mark.timeout(3_600)
@pytest.mark.parametrize("seed", SEEDS)
def test_a_long_life_agrees_with_the_model(shared_valkey: Valkey, seed: int) -> None:
    draw = Random(seed)
    machine = GateMachine(shared_valkey)
    try:
        for _ in range(STEPS):
            draw.choice(STEP_KINDS)(machine, draw)
            machine.assert_agrees()
        assert machine.model.events, "a life without a single Call"
    finally:
        machine.teardown()
