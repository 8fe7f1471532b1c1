"""The Postgres and Valkey of a big deployment, whose data stays in a folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from devstack import postgres
from devstack.process import ProcessGroup
from tests.servers import PASSWORD, SETTINGS, start_postgres, start_valkey

# A fifth of what the machine has, as any guide to Postgres says; the rest is the system's cache.
SERVING = {"shared_buffers": "4GB", "effective_cache_size": "12GB", "random_page_cost": "1.1"}
LOADING = SERVING | {
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "30min",
    "autovacuum": "off",
}


@dataclass(frozen=True, slots=True)
class Servers:
    """What runs, and the address by which Postgres' superuser comes in."""

    group: ProcessGroup
    folder: Path
    superuser_url: str


@contextmanager
def running(folder: Path, *, is_loading: bool) -> Iterator[Servers]:
    """Both servers; this process' settings and Django's set-up are theirs."""
    with ProcessGroup() as group:
        folder.chmod(0o711)  # as root, Postgres runs under another account and must get in
        settings = LOADING if is_loading else SERVING
        os.environ.update(SETTINGS)
        url = start_postgres(group, folder, durable=not is_loading, **settings)
        os.environ["DATABASE_URL"] = url
        os.environ["REDIS_URL"] = start_valkey(group, folder)
        os.environ["STATE_DIR"] = str(folder)
        import django

        django.setup()
        port = urlsplit(url).port or 0
        admin = postgres.address(port=port, password=PASSWORD, role=postgres.ADMINISTRATOR)
        yield Servers(group, folder, admin)
