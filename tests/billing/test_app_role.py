"""The application's own role can run everything and change nothing that is booked."""

import os
from collections.abc import Iterator
from io import StringIO

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection
from redis import Redis

from accounts.models import Organization, User
from billing import audit, credits, ledger, posting, usage_months
from billing.models import LedgerTransaction, UsageRecord
from tests.factories.billing import UNIT, append_usage, usage_event
from tests.servers import PASSWORD

ROLE = "tollgate_app"


@pytest.fixture
def app_role(transactional_db: None) -> Iterator[str]:
    """The role, which the tests' own may act as; made by the server's administrator."""
    parameters = connection.get_connection_params()
    administrator = {"user": "postgres", "password": PASSWORD, "autocommit": True}
    address = {name: parameters[name] for name in ("host", "port", "dbname")}
    try:
        admin = psycopg.connect(**address, **administrator)
    except psycopg.OperationalError:
        pytest.skip("the Postgres is not our own")
    name = f"{ROLE}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with admin:
        admin.execute(f'CREATE ROLE "{name}"')
        admin.execute(f'GRANT "{name}" TO "{parameters["user"]}"')
        call_command("grant_app_role", "--role", name, stdout=StringIO())
        yield name
        with connection.cursor() as cursor:
            cursor.execute("RESET ROLE")
        admin.execute(f'DROP OWNED BY "{name}"')
        admin.execute(f'DROP ROLE "{name}"')


def become(role: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f'SET ROLE "{role}"')


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_ledgerentry SET amount_nanos = amount_nanos + 1",
        "UPDATE billing_ledgertransaction SET reason = 'other'",
        "DELETE FROM billing_ledgerentry",
        "DELETE FROM billing_ledgertransaction",
        "TRUNCATE billing_ledgerentry",
        "UPDATE accounts_auditrecord SET actor_name = 'nobody'",
        "DELETE FROM accounts_auditrecord",
        "ALTER TABLE billing_ledgerentry DISABLE TRIGGER USER",
        "DROP TABLE billing_ledgerentry",
        "CREATE TABLE mine (id int)",
    ],
)
def test_the_role_is_refused_what_is_not_its_own(
    acme: Organization, app_role: str, statement: str
) -> None:
    become(app_role)
    refusal = pytest.raises(ProgrammingError, match=r"denied|must be own")
    with connection.cursor() as cursor, refusal:
        cursor.execute(statement)


def test_the_role_can_do_all_that_the_platform_does(
    gate: Redis, acme: Organization, app_role: str
) -> None:
    become(app_role)
    user = User.objects.create_user("staff@example.com")
    credit = credits.top_up(acme, amount_nanos=UNIT, reason="", external_id="app", actor=user)
    append_usage(usage_event(acme), debited_nanos=0)
    append_usage(usage_event(acme), debited_nanos=0)
    assert posting.drain(acme.site_id, "worker", until_s=0) == 2
    assert UsageRecord.objects.count() == 2
    user.delete()
    assert LedgerTransaction.objects.get(pk=credit.transaction_id).actor is None
    assert ledger.balance_nanos(acme.pk) == 101 * UNIT
    usage_months.keep()
    report = audit.run()
    assert report.is_ok, report.as_json()


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "reason"), [("nobody_at_all", "no role"), ("postgres", "superuser")]
)
def test_a_role_that_no_grant_can_bind_is_refused(role: str, reason: str) -> None:
    with pytest.raises(CommandError, match=reason):
        call_command("grant_app_role", "--role", role)
