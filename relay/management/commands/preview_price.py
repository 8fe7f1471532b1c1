"""`manage.py preview_price`: what calls of the last 30 days would have cost by another price."""

from argparse import RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.models import Organization, Site
from billing.errors import BillingError
from billing.management.output import print_object
from billing.models import Model
from billing.price_effects import Effect, effect
from relay.catalog import price_section, reader
from relay.catalog.document import UNSET, Components
from relay.catalog.problems import CatalogRefused, Problems

HELP = """\
Replay the calls of the last 30 days by a price that is not published, and print what they would
have come to, by currency, as one JSON object. Nothing is changed.

PRICE is written as in a catalog file: '{input: "0.15", output: "0.60"}'; {} ends the own price of
a site or a contract. Without --site or --organization it is the default price, which leaves out
sites and customers with a price of their own. Amounts are nanos.
"""


class Command(BaseCommand):
    """Thin: `billing.price_effects` replays."""

    help = HELP

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """Keep the line breaks of the help."""
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.formatter_class = RawDescriptionHelpFormatter
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--model", required=True)
        parser.add_argument("--price", required=True)
        scope = parser.add_mutually_exclusive_group()
        scope.add_argument("--site")
        scope.add_argument("--organization")

    def handle(
        self,
        *args: Any,
        model: str,
        price: str,
        site: str | None,
        organization: str | None,
        **options: Any,
    ) -> None:
        try:
            told = effect(
                Model.objects.get(pk=model),
                site=Site.objects.get(pk=site) if site else None,
                organization=_organization(organization),
                components=_components(price),
                now=timezone.now(),
            )
        except Model.DoesNotExist:
            raise CommandError(f"no model {model!r}") from None
        except Site.DoesNotExist:
            raise CommandError(f"no site {site!r}") from None
        except Organization.DoesNotExist:
            raise CommandError(f"no organization {organization!r}") from None
        except (BillingError, CatalogRefused) as error:
            raise CommandError(str(error)) from error
        print_object(self.stdout, as_json(told))


def as_json(told: Effect) -> dict[str, Any]:
    """The effect as it is printed."""
    return {
        "since": told.since.isoformat(),
        "until": told.until.isoformat(),
        "is_capped": told.is_capped,
        "by_currency": {
            currency: {
                "calls": preview.calls,
                "charged_nanos": preview.charged_nanos,
                "would_be_nanos": preview.would_be_nanos,
                "difference_nanos": preview.difference_nanos,
                "dearer_calls": preview.dearer_calls,
                "cheaper_calls": preview.cheaper_calls,
                "below_cost_calls": preview.below_cost_calls,
            }
            for currency, preview in told.by_currency.items()
        },
    }


def _organization(organization_id: str | None) -> Organization | None:
    if organization_id is None:
        return None
    return Organization.objects.select_related("site").get(pk=organization_id)


def _components(text: str) -> Components:
    problems = Problems("--price")
    top = reader.top_of(f"price: {text}", problems, {})
    found = UNSET if top is None else price_section.read(top, "price", may_be_empty=True)
    problems.refuse()
    return {} if found is UNSET else found
