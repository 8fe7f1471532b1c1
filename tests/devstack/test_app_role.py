"""The running stack works under a database role that cannot change what is booked."""

import json
import subprocess
import sys

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

from devstack import postgres
from tests.stack import CHECKOUT, Stack, environment

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]


def settings_of(stack: Stack) -> dict[str, str]:
    found: dict[str, str] = json.loads((stack.state_dir / "servers.json").read_text())
    return found


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE billing_ledgerentry SET amount_nanos = 1",
        "DELETE FROM billing_ledgerentry",
        "UPDATE billing_ledgertransaction SET external_id = 'other'",
        "DELETE FROM billing_ledgertransaction",
        "TRUNCATE billing_ledgerentry",
        "ALTER TABLE billing_ledgerentry DISABLE TRIGGER ALL",
        "SET ROLE tollgate",
    ],
)
def test_its_role_is_refused(stack: Stack, statement: str) -> None:
    with psycopg.connect(settings_of(stack)["database_url"]) as connection:
        count = connection.execute("SELECT count(*) FROM billing_ledgerentry").fetchone()
        assert count is not None
        assert count[0] > 0
        with pytest.raises(InsufficientPrivilege):
            connection.execute(statement)


def test_every_process_of_it_uses_that_role(stack: Stack) -> None:
    with psycopg.connect(settings_of(stack)["migrate_database_url"]) as connection:
        rows = connection.execute(
            "SELECT DISTINCT usename FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert rows.fetchall() == [(postgres.APP_ROLE,)]


def test_migrate_beside_it_runs_as_the_owner_with_no_other_setting(stack: Stack) -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"],
        cwd=CHECKOUT,
        env=environment(stack.state_dir),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert stack.manage("audit", "--json")["ok"]
