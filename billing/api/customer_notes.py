"""What staff note down of a site's customers: tags to find them by, and notes."""

from django.db.models import QuerySet
from rest_framework import serializers

from accounts import customer_notes
from accounts.api import paging
from accounts.api.fields import OPERATOR, Fields, StaffName, Text, Time
from accounts.api.operations import Call, operation
from accounts.api.paging import Page
from accounts.api.views import SiteView
from accounts.customer_notes import TAG_CHARS_MAX, TAGS_MAX, TEXT_CHARS_MAX, NoteRefused
from accounts.models import CustomerNote
from accounts.permissions import StaffAct
from accounts.scopes import Scope
from billing.api.customers import find


class Tags(Fields):
    """The whole list, in lower case, sorted."""

    tags = serializers.ListField(child=Text(max_length=TAG_CHARS_MAX), max_length=TAGS_MAX)


class NoteDraft(Fields):
    """What is worth knowing."""

    text = Text(max_length=TEXT_CHARS_MAX)


class Note(Fields):
    """A note; the customer never sees it."""

    id = Fields.integer(source="pk", max_value=2**63 - 1)
    text = Text()
    author = StaffName(allow_null=True, help_text=OPERATOR)
    created_at = Time()


class CustomerTags(SiteView):
    @operation(
        "site.customer.tags",
        Scope.CUSTOMERS_WRITE,
        act=StaffAct.SERVE_CUSTOMERS,
        body=Tags,
        answer=Tags,
        raises=(NoteRefused,),
    )
    def put(self, call: Call, organization_id: str) -> dict[str, list[str]]:
        """Set a customer's tags. The search for customers finds them."""
        customer = find(call, organization_id)
        return {"tags": customer_notes.set_tags(customer, call.body["tags"], by=call.by)}


class CustomerNotes(SiteView):
    @operation(
        "site.customer.notes",
        Scope.CUSTOMERS_READ,
        act=StaffAct.SEE_SITE,
        answer=Note,
        is_page=True,
    )
    def get(self, call: Call, organization_id: str) -> Page:
        """List a customer's notes, the newest first."""
        rows: QuerySet[CustomerNote] = find(call, organization_id).notes.select_related("author")
        return paging.by_id(rows, call.query)

    @operation(
        "site.customer.notes.add",
        Scope.CUSTOMERS_WRITE,
        act=StaffAct.SERVE_CUSTOMERS,
        body=NoteDraft,
        answer=Note,
        status=201,
        raises=(NoteRefused,),
    )
    def post(self, call: Call, organization_id: str) -> CustomerNote:
        """Add a note. There is no taking it back."""
        return customer_notes.add(find(call, organization_id), call.body["text"], by=call.by)
