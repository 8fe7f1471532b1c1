"""`manage.py grant_app_role`: what the application's own database role may do, and no more."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from psycopg import sql

from billing.management.output import print_object

# What is booked stays: the triggers say so to everybody, and without the right nobody who has the
# application's password can take the triggers away.
APPEND_ONLY = ("billing_ledgerentry", "billing_ledgertransaction")
# They run as the owner and make or drop a month of usage records.
OWNERS_FUNCTIONS = ("billing_make_usage_month(date)", "billing_drop_usage_month(date)")


class Command(BaseCommand):
    help = (
        "Let a database role run Tollgate: read and write everything, but change or delete nothing"
        " in the ledger and own nothing. Run it as the owner of the tables, after every migrate."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--role", required=True, help="a role that exists and can log in")

    def handle(self, *args: Any, **options: Any) -> None:
        role: str = options["role"]
        _check(role)
        with transaction.atomic(), connection.cursor() as cursor:
            for statement in _statements(role):
                cursor.execute(statement)
        print_object(self.stdout, {"id": role, "append_only": list(APPEND_ONLY)})


def _check(role: str) -> None:
    """A superuser, or a member of the owner, could do everything all the same."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rolsuper OR pg_has_role(rolname, current_user, 'MEMBER') FROM pg_roles"
            " WHERE rolname = %s",
            [role],
        )
        row = cursor.fetchone()
    if row is None:
        raise CommandError(f"no role {role!r}: make it first (CREATE ROLE ... LOGIN PASSWORD ...)")
    if row[0]:
        raise CommandError(f"{role!r} is a superuser or acts as the owner: no grant can bind it")


def _statements(role: str) -> list[sql.Composed]:
    """In one transaction, so that the role never has more than this or less than it needs."""
    templates = [
        "GRANT USAGE ON SCHEMA {schema} TO {role}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
        *(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {{role}}" for table in APPEND_ONLY),
        # Deleting a user forgets who acted; the trigger lets nothing else of it change.
        "GRANT UPDATE (actor_id) ON billing_ledgertransaction TO {role}",
        *(f"REVOKE ALL ON FUNCTION {name} FROM PUBLIC" for name in OWNERS_FUNCTIONS),
        *(f"GRANT EXECUTE ON FUNCTION {name} TO {{role}}" for name in OWNERS_FUNCTIONS),
    ]
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        schema = cursor.fetchone()[0]
    names = {"schema": sql.Identifier(schema), "role": sql.Identifier(role)}
    return [sql.SQL(template).format(**names) for template in templates]
