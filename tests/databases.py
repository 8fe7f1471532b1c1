"""The test databases of a session's workers: migrated once, then copied.

Loaded as a plugin (`-p tests.databases`). Whichever worker needs a database first makes the
template, the others wait for it. A session without workers has nobody to copy for, and migrates
its own database. Never names a database that does not begin with `test_`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker
    from xdist.workermanage import WorkerController

LOCK = 1_115  # nothing else takes an advisory lock in the database that workers meet in
TEMPLATE_KEY = "databases_template"
_template = pytest.StashKey[str]()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: "WorkerController") -> None:
    """Tell a new worker what this session's template is called."""
    name = node.config.stash.setdefault(_template, f"test_migrated_{uuid4().hex}")
    node.workerinput[TEMPLATE_KEY] = name


@pytest.hookimpl(tryfirst=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave nothing behind, as the server may be yours."""
    if name := config.stash.get(_template, None):
        with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
            for each in (name, _unfinished(name)):
                server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(sql.Identifier(each)))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest,
    django_db_modify_db_settings_parallel_suffix: None,
    django_db_blocker: "DjangoDbBlocker",
) -> None:
    """What pytest-django does before it makes the test database: a worker's is to be a copy."""
    from django.conf import settings

    if name := getattr(request.config, "workerinput", {}).get(TEMPLATE_KEY):
        with django_db_blocker.unblock():
            _make_once(name)
        settings.DATABASES["default"]["TEST"]["TEMPLATE"] = name


def _make_once(name: str) -> None:
    """The template under its name is complete: whoever fails leaves the work to the next."""
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as server:
        server.execute("SELECT pg_advisory_lock(%s)", [LOCK])  # until this connection ends
        known = server.execute("SELECT FROM pg_database WHERE datname = %s", [name])
        if known.fetchone() is None:
            partial = sql.Identifier(_unfinished(name))
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {}").format(partial))
            server.execute(sql.SQL("CREATE DATABASE {}").format(partial))
            _migrate(_unfinished(name))
            rename = sql.SQL("ALTER DATABASE {} RENAME TO {}")
            server.execute(rename.format(partial, sql.Identifier(name)))


def _unfinished(name: str) -> str:
    return f"{name}_unfinished"


def _migrate(name: str) -> None:
    from django.core.management import call_command

    with _connected_to(name):
        call_command("migrate", verbosity=0, interactive=False)


@contextmanager
def _connected_to(name: str) -> Iterator[None]:
    """Django's connection goes to a database of this name, and to its own afterwards."""
    from django.db import connection

    own = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = own
