"""Proves on a live system that books, usage and gate agree. Reads only; fixes nothing.

Each check is one small function of a `Check`; the list of all is here.
"""

from billing.audit import gate, ledger, sums, usage
from billing.audit.report import Check, Report

CHECKS = (
    Check("I1", "every ledger transaction sums to zero", ledger.transactions_sum_to_zero),
    Check("I2", "an account's balance is the sum of its entries", ledger.balances_are_sums),
    Check("I3", "no customer is below zero", ledger.customers_are_not_below_zero),
    Check("I4", "nothing is booked twice", ledger.nothing_is_booked_twice),
    Check("I4-usage", "charged Calls are booked, and as much", usage.charges_are_booked),
    Check("I6", "every charge is price times usage", usage.charges_are_explained),
    Check("S1", "sums by quarter of an hour are those of the records", sums.quarters_are_records),
    Check("S2", "sums by day are those of their quarters", sums.days_are_quarters),
    Check("I3-gate", "nothing available is below zero", gate.available_is_not_below_zero),
    Check("I5", "no Hold has outlived its time", gate.holds_end_in_time),
    Check("I7", "available = posted - unposted - held", gate.gate_agrees_with_books),
)


def run() -> Report:
    """Run every check, each at its own instant; takes as long as the books are big."""
    return Report(tuple(check.run() for check in CHECKS))
