"""`manage.py statement`: a customer's month, as the books have it."""

import re
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.time_zones import zone_of
from billing import statements
from billing.errors import BillingError
from billing.management.output import get_organization, print_object
from billing.money import format_nanos

MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


class Command(BaseCommand):
    help = "Print opening, movements and closing of an organization's month as JSON."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organization", required=True, metavar="ID")
        parser.add_argument("--month", required=True, help="as 2026-11, in its own time zone")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = get_organization(options["organization"])
        month = _parse_month(options["month"])
        try:
            statement = statements.of_month(organization, month)
        except BillingError as error:
            raise CommandError(str(error)) from error
        zone = zone_of(organization.time_zone)
        print_object(
            self.stdout,
            {
                "id": organization.pk,
                "month": options["month"],
                "time_zone": organization.time_zone,
                "currency": organization.site.currency,
                "opening_nanos": statement.opening_nanos,
                "movements": [
                    {
                        "at": line.move.at.astimezone(zone).isoformat(),
                        "kind": line.move.kind,
                        "reason": line.move.reason,
                        "entries": line.move.entries,
                        "amount": format_nanos(line.move.amount_nanos),
                        "amount_nanos": line.move.amount_nanos,
                        "balance_nanos": line.balance_nanos,
                    }
                    for line in statement.lines
                ],
                "closing_nanos": statement.closing_nanos,
            },
        )


def _parse_month(text: str) -> date:
    match = MONTH.fullmatch(text)
    if match is None or not 1 <= int(match[1]) < date.max.year:
        raise CommandError(f"--month {text!r}: write it as 2026-11")
    return date(int(match[1]), int(match[2]), 1)
