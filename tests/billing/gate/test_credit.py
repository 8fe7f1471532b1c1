"""Posted money reaches the balance once per transaction."""

import pytest

from billing.gate.errors import GateClosed
from billing.gate.steward import Steward
from billing.gate.types import CreditResult
from tests.billing.gate.calls import SITE


def test_a_credit_counts_once_per_transaction(steward: Steward) -> None:
    assert steward.credit(SITE, "acme", 50, "top-up-1") == CreditResult(True, False, 1_050)
    assert steward.credit(SITE, "acme", 50, "top-up-1") == CreditResult(True, True, 1_050)
    assert steward.credit(SITE, "acme", 50, "top-up-2") == CreditResult(True, False, 1_100)


def test_a_credit_makes_an_organization_known(steward: Steward) -> None:
    steward.credit(SITE, "newcomer", 70, "top-up-1")

    assert steward.read_balance(SITE, "newcomer").available_nanos == 70


def test_a_take_is_all_or_nothing_and_may_be_tried_again(steward: Steward) -> None:
    assert steward.credit(SITE, "acme", -1_001, "refund-1") == CreditResult(False, False, 1_000)
    steward.credit(SITE, "acme", 1, "top-up-1")
    assert steward.credit(SITE, "acme", -1_001, "refund-1") == CreditResult(True, False, 0)
    assert steward.credit(SITE, "acme", -1_001, "refund-1") == CreditResult(True, True, 0)


def test_only_a_dispute_goes_below_zero(steward: Steward) -> None:
    result = steward.credit(SITE, "acme", -1_500, "dispute-1", allow_negative=True)

    assert result.available_nanos == -500
    assert not steward.credit(SITE, "acme", -1, "refund-1").is_applied


def test_a_closed_gate_takes_no_credit(steward: Steward) -> None:
    steward.close(SITE)

    with pytest.raises(GateClosed):
        steward.credit(SITE, "acme", 50, "top-up-1")


def test_an_amount_beyond_exact_arithmetic_is_refused(steward: Steward) -> None:
    with pytest.raises(ValueError, match="2\\^53"):
        steward.credit(SITE, "acme", 2**53, "top-up-1")
