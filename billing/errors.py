"""The base of billing's errors. Leaves live in the modules that raise them.

BillingError
+-- MoneyError           billing.money: no amount, or one that BIGINT cannot hold
+-- PriceError           billing.pricing, billing.prices: a price that makes no sense
+-- VersionBegun         billing.cancelling: a version that Calls may have been charged by
+-- LedgerError          billing.ledger: entries that must not be booked
    +-- Unbalanced       they do not sum to zero
    +-- PostingDiffers   the external id was used before, for other money
    +-- InsufficientBalance
"""


class BillingError(Exception):
    """`code` is stable and may be shown to machines; the text is for people."""

    code = "billing_error"
