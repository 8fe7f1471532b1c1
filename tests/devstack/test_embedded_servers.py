"""The embedded servers keep their data through any ending of their owner."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import redis
from psycopg.errors import InsufficientPrivilege

from devstack import postgres, postgres_binaries
from devstack.process import ProcessGroup
from tests import servers

# An owner that is killed while both servers run.
OWNER = """
import sys, time
from pathlib import Path
from devstack.process import ProcessGroup
from tests import servers
group, folder = ProcessGroup(), Path(sys.argv[1])
print(servers.start_postgres(group, folder, durable=True), flush=True)
print(servers.start_valkey(group, folder, durable=True), flush=True)
time.sleep(600)
"""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that another account can reach: pytest's own are private."""
    with tempfile.TemporaryDirectory(prefix="tollgate-state-") as name:
        path = Path(name)
        path.chmod(0o711)
        yield path


@pytest.fixture
def group() -> Iterator[ProcessGroup]:
    with ProcessGroup() as group:
        yield group


def test_data_survives_a_killed_owner(folder: Path, group: ProcessGroup) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, folder], stdout=subprocess.PIPE, text=True
    )
    with owner:
        assert owner.stdout is not None
        database_url, redis_url = owner.stdout.readline().strip(), owner.stdout.readline().strip()
        try:
            with psycopg.connect(database_url) as connection:
                connection.execute("CREATE TABLE note AS SELECT 'kept' AS text")
            with redis.Redis.from_url(redis_url, decode_responses=True) as client:
                client.set("note", "kept")
        finally:
            owner.kill()
    with psycopg.connect(servers.start_postgres(group, folder, durable=True)) as connection:
        assert connection.execute("SELECT text FROM note").fetchall() == [("kept",)]
    with redis.Redis.from_url(
        servers.start_valkey(group, folder, durable=True), decode_responses=True
    ) as client:
        assert client.get("note") == "kept"


def test_the_database_role_is_no_superuser_but_may_create_databases() -> None:
    with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolcreatedb FROM pg_roles WHERE rolname = current_user"
        ).fetchone()
    assert row == (False, True)


def test_the_application_gets_a_role_of_its_own_in_any_cluster_and_keeps_it(
    folder: Path, group: ProcessGroup
) -> None:
    owner = servers.start_postgres(group, folder)
    port = int(str(psycopg.conninfo.conninfo_to_dict(owner)["port"]))
    for app_password in ("first", "second"):
        postgres.ensure_app_role(port=port, password=servers.PASSWORD, app_password=app_password)
        role = postgres.APP_ROLE
        url = postgres.address(port=port, password=app_password, role=role)
        with psycopg.connect(url) as connection, pytest.raises(InsufficientPrivilege):
            connection.execute("CREATE TABLE mine (id int)")


def test_both_ask_for_the_password() -> None:
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(os.environ["DATABASE_URL"].replace(servers.PASSWORD, "wrong"))
    client = redis.Redis.from_url(os.environ["REDIS_URL"].replace(servers.PASSWORD, "wrong"))
    with client, pytest.raises(redis.AuthenticationError):
        client.ping()


def test_a_new_state_folder_at_an_old_path_does_not_get_its_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_binaries, "ROOT_STATE", tmp_path / "elsewhere")
    state = tmp_path / "private"
    state.mkdir(0o700)
    first = postgres_binaries.home(state, "nobody")
    assert postgres_binaries.home(state, "nobody") == first != state
    shutil.rmtree(state)
    state.mkdir(0o700)
    assert postgres_binaries.home(state, "nobody") != first
