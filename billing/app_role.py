"""What the application's own database role may do, and no more (ADR 0008).

Run as the owner of the tables. The role reads and writes everything, but changes and deletes
nothing in the ledger or the audit log, owns nothing, and so can't take the triggers away that say
the same.
"""

from typing import Any

from django.conf import settings
from django.db import connection, transaction
from psycopg import conninfo, sql

from billing.errors import BillingError

# What is booked stays, and so does the trail of who changed what: the triggers say so to everybody,
# and without the right nobody who has the application's password can take the triggers away.
APPEND_ONLY = ("billing_ledgerentry", "billing_ledgertransaction", "accounts_auditrecord")
# They run as the owner and make or drop a month of usage records.
OWNERS_FUNCTIONS = ("billing_make_usage_month(date)", "billing_drop_usage_month(date)")


class UnusableRole(BillingError):
    """There is no such role, or no grant can bind it."""

    code = "unusable_role"


def grant(role: str) -> None:
    """Give the role its rights. Idempotent; to be repeated after every migration.

    Raises UnusableRole with nothing granted.
    """
    _check(role)
    with transaction.atomic(), connection.cursor() as cursor:
        for statement in _statements(role):
            cursor.execute(statement)


def grant_after_migrate(**_: Any) -> None:
    """Grant to the role of DATABASE_URL what new tables need, where the owner is another one."""
    role = conninfo.conninfo_to_dict(settings.DATABASE_URL).get("user")
    owner = conninfo.conninfo_to_dict(settings.MIGRATE_DATABASE_URL).get("user")
    if role != owner:
        grant(str(role))


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
        raise UnusableRole(f"no role {role!r}: make it first (CREATE ROLE ... LOGIN PASSWORD ...)")
    if row[0]:
        raise UnusableRole(f"{role!r} is a superuser or acts as the owner: no grant can bind it")


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
