"""`manage.py create_key`: an API key, its secret printed this once."""

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts import audit
from accounts.key_terms import KeyTerms, KeyTermsRefused
from accounts.models import BudgetPeriod, EndpointFamily
from billing import keys
from billing.management.output import get_amount, get_organization, print_object
from billing.models import Model


class Command(BaseCommand):
    help = "Make an API key and print it as JSON: the only time that its secret is shown."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organization", required=True, metavar="ID")
        parser.add_argument("--name", default="key")
        parser.add_argument("--models", help="the ids it may call, comma-separated; default: all")
        parser.add_argument(
            "--endpoints",
            help=f"the kinds it may call, comma-separated, of {', '.join(EndpointFamily.values)};"
            " default: all",
        )
        parser.add_argument(
            "--networks", help="addresses or CIDR it works from, comma-separated; default: any"
        )
        parser.add_argument("--requests-per-minute", type=int)
        parser.add_argument("--tokens-per-minute", type=int)
        parser.add_argument("--concurrency", type=int)
        parser.add_argument("--budget", help="decimal amount in the site's currency")
        parser.add_argument("--budget-period", choices=BudgetPeriod.values)
        parser.add_argument("--expires", help="ISO 8601 with offset, as 2026-12-31T00:00:00Z")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = get_organization(options["organization"])
        budget, period = options["budget"], options["budget_period"]
        if bool(budget) != bool(period):
            raise CommandError("--budget and --budget-period go together")
        terms = KeyTerms(
            name=options["name"],
            expires_at=_parse_instant(options["expires"]),
            allowed_models=_parse_models(options["models"]),
            allowed_endpoints=_parse_list(options["endpoints"]),
            allowed_networks=_parse_list(options["networks"]),
            requests_per_minute=options["requests_per_minute"],
            tokens_per_minute=options["tokens_per_minute"],
            concurrency=options["concurrency"],
            budget_nanos=get_amount(budget, what="--budget") if budget else None,
            budget_period=period or "",
        )
        try:
            minted = keys.create(organization, terms, by=audit.command("create_key"))
        except KeyTermsRefused as error:
            option = _OPTIONS.get(error.field, error.field).replace("_", "-")
            raise CommandError(f"--{option}: {error.code} {error.detail}".rstrip()) from error
        key = minted.key
        print_object(
            self.stdout,
            {
                "id": key.pk,
                "secret": minted.secret,
                "organization": organization.pk,
                "name": key.name,
                "expires_at": key.expires_at.isoformat() if key.expires_at else None,
            },
        )


_OPTIONS = {
    "allowed_models": "models",
    "allowed_endpoints": "endpoints",
    "allowed_networks": "networks",
    "expires_at": "expires",
    "budget_nanos": "budget",
}


def _parse_list(text: str | None) -> list[str] | None:
    return None if text is None else [word.strip() for word in text.split(",") if word.strip()]


def _parse_instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--expires: {error}") from error
    if at.tzinfo is None:
        raise CommandError("--expires needs an offset from UTC: end it with Z or +08:00")
    if at <= timezone.now():
        raise CommandError("--expires has passed already")
    return at


def _parse_models(text: str | None) -> list[str] | None:
    if text is None:
        return None
    ids = [word.strip() for word in text.split(",") if word.strip()]
    known = set(Model.objects.filter(pk__in=ids).values_list("pk", flat=True))
    unknown = [each for each in ids if each not in known]
    if unknown or not ids:
        raise CommandError(f"--models: no model {', '.join(unknown) or 'named'}")
    return ids
