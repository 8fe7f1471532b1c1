"""`manage.py grant_app_role`: give a database role the application's rights."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing import app_role
from billing.management.output import print_object


class Command(BaseCommand):
    help = (
        "Let a database role run Tollgate: read and write everything, but change or delete nothing"
        " in the ledger and own nothing. Run it as the owner of the tables, after every migrate."
        " `migrate` does it by itself for the role of DATABASE_URL."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--role", required=True, help="a role that exists and can log in")

    def handle(self, *args: Any, **options: Any) -> None:
        role: str = options["role"]
        try:
            app_role.grant(role)
        except app_role.UnusableRole as error:
            raise CommandError(str(error)) from error
        print_object(self.stdout, {"id": role, "append_only": list(app_role.APPEND_ONLY)})
