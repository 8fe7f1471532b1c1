"""A site's customers as its staff see and serve them: money by hand, suspension, plan."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import serializers

from accounts import customer_notes, organizations
from accounts.api import paging
from accounts.api.fields import Fields, Flag, Nanos, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.paging import Page, PageQuery
from accounts.api.views import SiteView
from accounts.models import Organization
from accounts.permissions import StaffAct
from accounts.scopes import Scope
from billing import credits, hand_moves, plans
from billing.api.money import Balance, StatementLine, balance_of, statement_of
from billing.credits import CreditRefused
from billing.ledger import InsufficientBalance, PostingDiffers, TransactionKind
from billing.models import Plan
from billing.reports import customers

# Credits of the API in the books; pages and commands have prefixes of their own.
EXTERNAL_ID_PREFIX = "api-"


class Customer(Fields):
    """An organization of the site."""

    id = Text(source="pk")
    name = Text()
    time_zone = Text()
    is_active = Flag()
    is_frozen = Flag()
    created_at = Time()


class CustomerDetailDocument(Customer):
    """The same with its plan, tags and balance."""

    plan = Text(allow_null=True)
    tags = serializers.ListField(child=Text())
    balance = Balance()


class CustomerQuery(PageQuery):
    """Finds customers by name, a member's mail address, an id or the beginning of a key."""

    search = Text(required=False, max_length=customers.SEARCH_CHARS_MAX)


class Move(Fields):
    """Money by hand. Send it twice with one `external_id`, and it moves once."""

    amount_nanos = Nanos()
    reason = Text(max_length=300)
    external_id = serializers.RegexField(
        r"^[A-Za-z0-9._:-]+$", max_length=100, help_text="yours, e.g. an invoice's number"
    )


class CreditMove(Move):
    """What it is: paid for, or given."""

    kind = serializers.ChoiceField(["top_up", "grant", "adjustment"])


class Moved(Fields):
    """The transaction in the books, and the balance after it."""

    transaction_id = Fields.integer(max_value=2**63 - 1)
    is_replay = Flag(help_text="true: it had been booked before and counted once")
    balance = Balance()


class Suspension(Fields):
    """Why; the audit log keeps it."""

    reason = Text(max_length=500)


class PlanId(Fields):
    """A plan's id."""

    plan = Text(max_length=40)


class PlanChoice(Fields):
    """A plan's id; null: the site's again."""

    plan = Text(max_length=40, allow_null=True)
    reason = Text(max_length=500, required=False, allow_blank=True, default="")


class CustomerList(SiteView):
    @operation(
        "site.customers",
        Scope.CUSTOMERS_READ,
        act=StaffAct.SEE_SITE,
        query=CustomerQuery,
        answer=Customer,
        is_page=True,
    )
    def get(self, call: Call) -> Page:
        """List customers, the newest first."""
        search = customers.search_text(call.query.get("search", ""))
        rows = customers.matching(search).filter(site=call.site)
        return paging.by_time(rows, call.query)


class CustomerDetail(SiteView):
    @operation(
        "site.customer",
        Scope.CUSTOMERS_READ,
        act=StaffAct.SEE_SITE,
        answer=CustomerDetailDocument,
    )
    def get(self, call: Call, organization_id: str) -> dict[str, Any]:
        """Read one customer."""
        return shown(find(call, organization_id))


class CustomerStatement(SiteView):
    @operation(
        "site.customer.statement",
        Scope.MONEY_READ,
        act=StaffAct.SEE_SITE,
        answer=StatementLine,
        is_page=True,
    )
    def get(self, call: Call, organization_id: str) -> Page:
        """List the movements of a customer's balance."""
        return statement_of(find(call, organization_id), call.query)


class CustomerCredit(SiteView):
    @operation(
        "site.customer.credit",
        Scope.MONEY_WRITE,
        act=StaffAct.MOVE_MONEY,
        body=CreditMove,
        answer=Moved,
        status=201,
        raises=(CreditRefused, PostingDiffers),
    )
    def post(self, call: Call, organization_id: str) -> dict[str, Any]:
        """Raise a customer's balance."""
        customer = find(call, organization_id)
        credit = hand_moves.credit(
            customer,
            amount_nanos=call.body["amount_nanos"],
            reason=call.body["reason"],
            external_id=named(call),
            kind=TransactionKind(call.body["kind"]),
            by=call.by,
        )
        return moved(customer, credit)


class CustomerDebit(SiteView):
    @operation(
        "site.customer.debit",
        Scope.MONEY_WRITE,
        act=StaffAct.MOVE_MONEY,
        body=Move,
        answer=Moved,
        status=201,
        is_durable=True,
        raises=(CreditRefused, InsufficientBalance, PostingDiffers),
    )
    def post(self, call: Call, organization_id: str) -> dict[str, Any]:
        """Lower a customer's balance, by no more than is available."""
        customer = find(call, organization_id)
        credit = hand_moves.debit(
            customer,
            amount_nanos=call.body["amount_nanos"],
            reason=call.body["reason"],
            external_id=named(call),
            by=call.by,
        )
        return moved(customer, credit)


class CustomerSuspend(SiteView):
    @operation(
        "site.customer.suspend",
        Scope.CUSTOMERS_WRITE,
        act=StaffAct.SERVE_CUSTOMERS,
        body=Suspension,
        answer=CustomerDetailDocument,
    )
    def post(self, call: Call, organization_id: str) -> dict[str, Any]:
        """Refuse a customer's calls with 403 from now on; open ones finish."""
        return switched(call, organization_id, is_active=False)


class CustomerResume(SiteView):
    @operation(
        "site.customer.resume",
        Scope.CUSTOMERS_WRITE,
        act=StaffAct.SERVE_CUSTOMERS,
        body=Suspension,
        answer=CustomerDetailDocument,
    )
    def post(self, call: Call, organization_id: str) -> dict[str, Any]:
        """Let a customer call again."""
        return switched(call, organization_id, is_active=True)


class CustomerPlan(SiteView):
    @operation(
        "site.customer.plan",
        Scope.CUSTOMERS_WRITE,
        act=StaffAct.SERVE_CUSTOMERS,
        body=PlanChoice,
        answer=CustomerDetailDocument,
    )
    def put(self, call: Call, organization_id: str) -> dict[str, Any]:
        """Put a customer on a plan of their own, or back on the site's."""
        customer, chosen = find(call, organization_id), call.body["plan"]
        plan = None if chosen is None else get_object_or_404(Plan, pk=chosen)
        plans.choose(customer, plan, by=call.by, reason=call.body["reason"])
        return shown(customer)


def find(call: Call, organization_id: str) -> Organization:
    """A customer of the call's site; else 404."""
    rows: QuerySet[Organization, Any] = Organization.objects.select_related("site")
    row: Organization = get_object_or_404(rows, pk=organization_id, site=call.site)
    return row


def named(call: Call) -> str:
    """Two sites never share a name of a transaction."""
    return f"{EXTERNAL_ID_PREFIX}{call.site.pk}-{call.body['external_id']}"[:120]


def shown(customer: Organization) -> dict[str, Any]:
    """As staff read it."""
    plan = plans.plan_of(customer)
    return {name: getattr(customer, name) for name in Customer.names() if name != "id"} | {
        "pk": customer.pk,
        "plan": plan.pk if plan else None,
        "tags": customer_notes.tags_of(customer),
        "balance": balance_of(customer),
    }


def moved(customer: Organization, credit: credits.Credit) -> dict[str, Any]:
    return {
        "transaction_id": credit.transaction_id,
        "is_replay": credit.is_replay,
        "balance": balance_of(customer),
    }


def switched(call: Call, organization_id: str, *, is_active: bool) -> dict[str, Any]:
    customer = find(call, organization_id)
    organizations.set_active(customer, is_active=is_active, by=call.by, reason=call.body["reason"])
    return shown(customer)
