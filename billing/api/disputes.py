"""Payments that a customer's bank took back, as a site's staff enter them."""

from typing import Any

from accounts.api.operations import Call, operation
from accounts.api.views import SiteView
from accounts.permissions import StaffAct
from accounts.scopes import Scope
from billing import hand_moves
from billing.api.customers import Move, Moved, find, moved, named
from billing.credits import CreditRefused
from billing.ledger import PostingDiffers, TransactionKind


class CustomerDispute(SiteView):
    @operation(
        "site.customer.dispute",
        Scope.MONEY_WRITE,
        act=StaffAct.MOVE_MONEY,
        body=Move,
        answer=Moved,
        status=201,
        raises=(CreditRefused, PostingDiffers),
    )
    def post(self, call: Call, organization_id: str) -> dict[str, Any]:
        """Take what a bank took back from us. The only move that may leave less than zero."""
        return disputed(call, organization_id, TransactionKind.DISPUTE)


class CustomerDisputeWon(SiteView):
    @operation(
        "site.customer.dispute.won",
        Scope.MONEY_WRITE,
        act=StaffAct.MOVE_MONEY,
        body=Move,
        answer=Moved,
        status=201,
        raises=(CreditRefused, PostingDiffers),
    )
    def post(self, call: Call, organization_id: str) -> dict[str, Any]:
        """Give back what a dispute took. The bank has found for us."""
        return disputed(call, organization_id, TransactionKind.DISPUTE_WON)


def disputed(call: Call, organization_id: str, kind: TransactionKind) -> dict[str, Any]:
    customer = find(call, organization_id)
    booked = hand_moves.dispute(
        customer,
        amount_nanos=call.body["amount_nanos"],
        reason=call.body["reason"],
        external_id=named(call),
        kind=kind,
        by=call.by,
    )
    return moved(customer, booked)
