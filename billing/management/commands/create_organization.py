"""`manage.py create_organization`: a customer of a site, with an owner if an e-mail is given."""

from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email
from django.db import transaction

from accounts import audit, organizations
from accounts.models import BudgetPeriod, Membership, Organization, Role, Site, User
from billing import budgets, plans
from billing.management.output import get_amount, get_site, print_object
from billing.models import Plan

NAME_CHARS_MAX = 100  # the column's


class Command(BaseCommand):
    help = (
        "Make an organization and print it as JSON. With --email its owner, made if missing;"
        " an organization of that name that they own on the site already is given back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--site", required=True, metavar="ID")
        parser.add_argument("--name", required=True)
        parser.add_argument("--email", help="the owner's; a new user sets a password by reset")
        parser.add_argument("--plan", metavar="ID", help="instead of the site's own")
        parser.add_argument("--budget", help="of all keys; decimal amount in the site's currency")
        parser.add_argument("--budget-period", choices=BudgetPeriod.values)

    @transaction.atomic
    def handle(self, *args: Any, **options: Any) -> None:
        site, name = get_site(options["site"]), options["name"].strip()
        if not 0 < len(name) <= NAME_CHARS_MAX:
            raise CommandError(f"--name must have 1 to {NAME_CHARS_MAX} characters")
        budget = _get_budget(options["budget"], options["budget_period"])
        owner, is_new_user = _get_owner(options["email"])
        organization = _find_owned(site, name, owner) if owner else None
        is_new, by = organization is None, audit.command("create_organization")
        if organization is None:
            organization = organizations.create(site, name=name, owner=owner, by=by)
        if options["plan"]:
            plans.choose(organization, _get_plan(options["plan"]), by=by)
        if budget:
            budgets.choose(
                organization, period=budget.period, limit_nanos=budget.limit_nanos, by=by
            )
        answer: dict[str, Any] = {
            "id": organization.pk,
            "site": site.pk,
            "name": organization.name,
            "created": is_new,
        }
        if owner:
            answer["owner"] = {"email": owner.email, "created": is_new_user}
        print_object(self.stdout, answer)


def _get_owner(email: str | None) -> tuple[User | None, bool]:
    if not email:
        return None, False
    try:
        validate_email(email)
    except ValidationError as error:
        raise CommandError(f"not an e-mail address: {email!r}") from error
    user = User.objects.filter(email=email.strip().lower()).first()
    return (user, False) if user else (User.objects.create_user(email), True)


def _find_owned(site: Site, name: str, owner: User) -> Organization | None:
    owned = Membership.objects.filter(user=owner, role=Role.OWNER)
    return Organization.objects.filter(site=site, name=name, memberships__in=owned).first()


class _Budget(NamedTuple):
    period: BudgetPeriod
    limit_nanos: int


def _get_budget(amount: str | None, period: str | None) -> _Budget | None:
    if bool(amount) != bool(period):
        raise CommandError("--budget and --budget-period go together")
    if not amount or not period:
        return None
    limit_nanos = get_amount(amount, what="--budget")
    if limit_nanos > budgets.LIMIT_NANOS_MAX:
        raise CommandError("--budget is more than can be counted")
    return _Budget(BudgetPeriod(period), limit_nanos)


def _get_plan(plan_id: str) -> Plan:
    plan = Plan.objects.filter(pk=plan_id).first()
    if plan is None:
        raise CommandError(f"no plan {plan_id!r}")
    return plan
