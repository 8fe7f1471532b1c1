"""`manage.py credit`: tops up an organization's balance, once per external id."""

import uuid
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts import audit
from billing import hand_moves
from billing.errors import BillingError
from billing.management.output import get_amount, get_organization, print_object
from billing.money import format_nanos


class Command(BaseCommand):
    help = (
        "Raise an organization's balance and print the ledger transaction as JSON. Repeated with"
        " the same --external-id it changes nothing; without one every run is another credit."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organization", required=True, metavar="ID")
        parser.add_argument("--amount", required=True, help="decimal, in the site's currency")
        parser.add_argument("--reason", required=True)
        parser.add_argument("--external-id", metavar="ID")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = get_organization(options["organization"])
        amount_nanos = get_amount(options["amount"], what="--amount")
        external_id = options["external_id"] or f"command:{uuid.uuid4().hex}"
        try:
            credit = hand_moves.credit(
                organization,
                amount_nanos=amount_nanos,
                reason=options["reason"][:300],
                external_id=external_id,
                by=audit.command("credit"),
            )
        except BillingError as error:
            raise CommandError(str(error)) from error
        print_object(
            self.stdout,
            {
                "id": credit.transaction_id,
                "organization": organization.pk,
                "amount": format_nanos(amount_nanos),
                "amount_nanos": amount_nanos,
                "currency": organization.site.currency,
                "external_id": external_id,
                "created": not credit.is_replay,
            },
        )
