"""`manage.py balance`: what an organization has."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from billing import balances
from billing.management.output import get_organization, print_object


class Command(BaseCommand):
    help = "Print an organization's balance as JSON; is_live is false when the gate is not read."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organization", required=True, metavar="ID")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = get_organization(options["organization"])
        balance = balances.read(organization)
        print_object(
            self.stdout,
            {
                "id": organization.pk,
                "currency": organization.site.currency,
                "posted_nanos": balance.posted_nanos,
                "held_nanos": balance.held_nanos,
                "available_nanos": balance.available_nanos,
                "is_live": balance.is_live,
            },
        )
