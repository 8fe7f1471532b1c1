"""`manage.py create_key`: an API key, its secret printed this once."""

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from accounts import api_keys, audit, key_terms
from accounts.models import BudgetPeriod
from billing.management.output import get_amount, get_organization, print_object
from billing.models import Model

# The columns': PositiveIntegerField, PositiveBigIntegerField.
LIMIT_MAX = 2**31 - 1
TOKENS_MAX = 2**63 - 1


class Command(BaseCommand):
    help = "Make an API key and print it as JSON: the only time that its secret is shown."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organization", required=True, metavar="ID")
        parser.add_argument("--name", default="key")
        parser.add_argument("--models", help="the ids it may call, comma-separated; default: all")
        parser.add_argument("--requests-per-minute", type=int)
        parser.add_argument("--tokens-per-minute", type=int)
        parser.add_argument("--concurrency", type=int)
        parser.add_argument("--budget", help="decimal amount in the site's currency")
        parser.add_argument("--budget-period", choices=BudgetPeriod.values)
        parser.add_argument("--expires", help="ISO 8601 with offset, as 2026-12-31T00:00:00Z")

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        organization = get_organization(options["organization"])
        budget, period = options["budget"], options["budget_period"]
        if bool(budget) != bool(period):
            raise CommandError("--budget and --budget-period go together")
        minted = api_keys.mint(
            organization,
            name=options["name"][:100],
            expires_at=_parse_instant(options["expires"]),
            allowed_models=_parse_models(options["models"]),
            requests_per_minute=_check_limit(options, "requests_per_minute", LIMIT_MAX),
            tokens_per_minute=_check_limit(options, "tokens_per_minute", TOKENS_MAX),
            concurrency=_check_limit(options, "concurrency", LIMIT_MAX),
            budget_nanos=get_amount(budget, what="--budget") if budget else None,
            budget_period=period or "",
        )
        key = minted.key
        after = audit.fields_of(key, *key_terms.FIELDS)
        by = audit.command("create_key")
        audit.record(by, "key.create", key, organization=organization, after=after)
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


def _check_limit(options: dict[str, Any], name: str, maximum: int) -> int | None:
    value: int | None = options[name]
    if value is not None and not 0 <= value <= maximum:
        raise CommandError(f"--{name.replace('_', '-')} must be between 0 and {maximum}")
    return value


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
