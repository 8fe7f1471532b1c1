"""An embedded Postgres: a cluster on disk, the program that serves it, its address.

Listens on 127.0.0.1 only and asks for a password. Never touches a Postgres that it did not make.
"""

import shutil
import signal
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from devstack import postgres_binaries
from devstack.process import ProcessGroup, Program

OWNER = "tollgate"  # of the database and all in it; may create others (tests do); no superuser
APP_ROLE = "tollgate_app"  # what the platform runs as; its rights are `billing.app_role`'s
ADMINISTRATOR = "postgres"
DATABASE = "tollgate"

INITDB_TIMEOUT_S = 60.0  # 0.5 s on a laptop; a loaded CI machine with a slow disk is far behind it
STOP_TIMEOUT_S = 20.0  # the checkpoint of a busy stack
CONNECT_TIMEOUT_S = 2  # one probe; libpq takes whole seconds


@dataclass(frozen=True, slots=True)
class Cluster:
    """A data folder and what serves it."""

    binaries: Path
    folder: Path  # holds data/ and its lock
    user: str | None

    @property
    def data(self) -> Path:
        """Postgres' own PGDATA."""
        return self.folder / "data"

    @property
    def lock(self) -> Path:
        """Held while any process of this cluster lives."""
        return self.folder / "lock"


def prepare(group: ProcessGroup, state: Path, *, logs: Path, password: str) -> Cluster:
    """The cluster that belongs to a state folder, made on first use with its owner and database.

    Idempotent: a cluster is renamed into place only when it is complete, so a first start that was
    interrupted starts over.
    """
    user = postgres_binaries.unprivileged_user()
    folder = postgres_binaries.home(state, user) / "postgres"
    cluster = Cluster(postgres_binaries.binaries(user), folder, user)
    if not cluster.data.exists():
        _create(group, cluster, log=logs / "initdb.log", password=password)
    return cluster


def program(
    cluster: Cluster, *, port: int, log: Path, durable: bool = True, **more: str
) -> Program:
    """The server. Not durable means that a crash of the machine loses data: for tests only. `more`
    are settings of Postgres'."""
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",  # a socket's path is limited to 107 bytes; nobody needs one
        "max_connections": "200",  # two test workers with threads, or one stack and some shells
        "timezone": "UTC",
        "log_timezone": "UTC",
    }
    settings |= more
    if not durable:
        settings |= {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
    return Program(
        name="postgres",
        argv=[cluster.binaries / "postgres", "-D", cluster.data, *_options(settings)],
        log=log,
        env=_environment(),
        cwd=cluster.folder,
        user=cluster.user,
        lock=cluster.lock,
        stale_file=cluster.data / "postmaster.pid",
        stop_signal=signal.SIGINT,  # "fast": disconnects clients and writes a checkpoint
        orphan_signal=signal.SIGQUIT,  # "immediate": the next start replays the log
        stop_timeout_s=STOP_TIMEOUT_S,
    )


def address(*, port: int, password: str, role: str = OWNER) -> str:
    """The value of DATABASE_URL, or for the owner that of MIGRATE_DATABASE_URL."""
    return f"postgresql://{role}:{password}@127.0.0.1:{port}/{DATABASE}"


def ensure_app_role(*, port: int, password: str, app_password: str) -> None:
    """Let the application's role log in to a running cluster, whichever version made that.

    Idempotent. What the role may do is granted by every `manage.py migrate`.
    """
    url = address(port=port, password=password, role=ADMINISTRATOR)
    with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
        known = connection.execute("SELECT FROM pg_roles WHERE rolname = %s", [APP_ROLE])
        statement = sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(
            sql.SQL("ALTER" if known.fetchone() is not None else "CREATE"),
            sql.Identifier(APP_ROLE),
            sql.Literal(app_password),
        )
        connection.execute(statement)


def is_ready(url: str) -> bool:
    """Whether it accepts the role's connections."""
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S):
            return True
    except psycopg.OperationalError:
        return False


def _create(group: ProcessGroup, cluster: Cluster, *, log: Path, password: str) -> None:
    """initdb, then the owner and the database in single-user mode: no port, nothing to await."""
    cluster.folder.mkdir(exist_ok=True)
    partial = cluster.folder / "data.partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    with tempfile.TemporaryDirectory(dir=cluster.folder) as scratch:
        password_file = _write_private(Path(scratch, "password"), password)
        statements = _write_private(
            Path(scratch, "statements.sql"),
            f"CREATE ROLE {OWNER} LOGIN CREATEDB PASSWORD '{password}'\n"
            f"CREATE DATABASE {DATABASE} OWNER {OWNER}\n",
        )
        if cluster.user:
            for path in (cluster.folder, partial, Path(scratch), password_file, statements):
                shutil.chown(path, cluster.user)
        locale = ("--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8")
        access = ("--auth=scram-sha-256", f"--username={ADMINISTRATOR}")
        options = ("-E", "UTF8", "--no-instructions", f"--pwfile={password_file}")
        initdb = ["initdb", "-D", str(partial), *options, *locale, *access]
        _run(group, cluster, log, initdb)
        single = ["postgres", "--single", "-D", str(partial), ADMINISTRATOR]
        _run(group, cluster, log, single, stdin=statements)
    partial.rename(cluster.data)


def _write_private(path: Path, content: str) -> Path:
    path.touch(mode=0o600)
    path.write_text(content, encoding="ascii")
    return path


def _run(
    group: ProcessGroup,
    cluster: Cluster,
    log: Path,
    argv: Sequence[str],
    *,
    stdin: Path | None = None,
) -> None:
    group.run(
        Program(
            name=argv[0],
            argv=[cluster.binaries / argv[0], *argv[1:]],
            log=log,
            env=_environment(),
            cwd=cluster.folder,
            user=cluster.user,
            stdin=stdin,
        ),
        timeout_s=INITDB_TIMEOUT_S,
    )


def _options(settings: dict[str, str]) -> list[str]:
    return [f"--{name}={value}" for name, value in settings.items()]


def _environment() -> dict[str, str]:
    """Nothing of ours: a PGPORT or PGDATA in a developer's shell must not reach the server."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
