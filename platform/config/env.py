"""Typed readers of the process environment, for settings.py and nothing else.

A value that makes no sense stops the start with its name; it is never replaced by a default.
Never logs or repeats the value of a secret.

Sources, first one wins: `NAME`, the file that `NAME_FILE` names (secrets, URLs, lists), what a
a running `make run` wrote to `$STATE_DIR/servers.json`, the caller's default. An empty variable
counts as unset, because compose files and CI systems pass unset variables on as empty ones.
"""

import functools
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

CHECKOUT = Path(__file__).resolve().parents[2]
STATE_FILE = "servers.json"

# A key, a password or a PEM bundle: real ones stay under 10 kB, so a bigger file is the wrong file.
SECRET_FILE_BYTES_MAX = 64 * 1024

TRUE_WORDS = frozenset({"1", "true", "yes", "on"})
FALSE_WORDS = frozenset({"0", "false", "no", "off"})

_INTEGER = re.compile(r"[+-]?[0-9]{1,18}", re.ASCII)


class SettingError(ImproperlyConfigured):
    """A setting is missing or makes no sense; the message names it and says what would."""


def state_dir() -> Path:
    """Where `make run` keeps its data: `$STATE_DIR`, else `.state` in the checkout."""
    return Path(os.environ.get("STATE_DIR") or CHECKOUT / ".state").expanduser().absolute()


@functools.cache
def load_state(directory: Path) -> Mapping[str, str]:
    """The settings `make run` wrote for this directory, by variable name; {} if there are none.

    The file is one JSON object whose keys are the variables in lower case; a list becomes the
    comma-separated form that `words` reads. A file of another user counts as absent: a deployment
    under its own account must start beside a developer's stack. Read once per process.
    """
    path = directory / STATE_FILE
    try:
        document: Any = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return MappingProxyType({})
    except ValueError as error:
        raise SettingError(f"{path} is not valid JSON: stop and start `make run`") from error
    if not isinstance(document, dict):
        raise SettingError(f"{path} must hold one JSON object")
    return MappingProxyType({key.upper(): _as_text(value) for key, value in document.items()})


def text(name: str, default: str | None = None) -> str:
    """The value as it stands; without a default a missing one is a SettingError."""
    value = os.environ.get(name) or load_state(state_dir()).get(name)
    return _or_default(name, value, default)


def secret(name: str, default: str | None = None) -> str:
    """A value that may also come from the file `NAME_FILE` (Docker and Kubernetes secrets).

    White space around it is dropped: editors end files with a newline. Both sources at once are
    refused, because nobody could tell which of the two is in force.
    """
    value = _from_file(name) or os.environ.get(name) or load_state(state_dir()).get(name)
    return _or_default(name, value.strip() if value else None, default)


def url(
    name: str,
    default: str | None = None,
    *,
    schemes: Sequence[str] = (),
    beside: str = "",
) -> str:
    """An absolute URL, or the default as it is (so `""` can mean "none").

    Like `secret` it may come from a file, as URLs carry passwords; errors never show the value.
    `beside` is the variable of the same server: when that one is given, a stack that happens to run
    in this checkout has no say about this one either.
    """
    if beside and is_given(beside) and not is_given(name):
        return _or_default(name, None, default)
    value = secret(name, default)
    if value == default:
        return value
    try:
        parts = urlsplit(value)
        has_port_in_range = parts.port is None or parts.port > 0
    except ValueError as error:
        raise SettingError(f"{name} is not a URL") from error
    if not parts.scheme or not has_port_in_range or (parts.netloc and not parts.hostname):
        raise SettingError(f"{name} is not an absolute URL (scheme://host[:port]/path)")
    if not (parts.netloc or parts.path):
        raise SettingError(f"{name} names neither a host nor a path")
    if schemes and parts.scheme not in schemes:
        raise SettingError(f"{name} must start with one of {', '.join(f'{s}://' for s in schemes)}")
    return value


def is_given(name: str) -> bool:
    """Whether the environment itself says it, by value or by file."""
    return bool(os.environ.get(name) or os.environ.get(f"{name}_FILE"))


def flag(name: str, default: bool | None = None) -> bool:
    """A yes or no: 1/true/yes/on or 0/false/no/off, in any case."""
    word = text(name, None if default is None else str(default)).strip().lower()
    if word in TRUE_WORDS:
        return True
    if word in FALSE_WORDS:
        return False
    raise SettingError(f"{name}={word!r}: use true or false")


def integer(
    name: str,
    default: int | None = None,
    *,
    minimum: int | None = None,
    maximum: int | None = None,
) -> int:
    """A whole number in decimal digits, within both bounds where they are given."""
    raw = text(name, None if default is None else str(default)).strip()
    if not _INTEGER.fullmatch(raw):
        raise SettingError(f"{name}={raw!r}: use a whole number")
    number = int(raw)
    if minimum is not None and number < minimum:
        raise SettingError(f"{name}={number}: must be at least {minimum}")
    if maximum is not None and number > maximum:
        raise SettingError(f"{name}={number}: must be at most {maximum}")
    return number


def choice(name: str, options: Sequence[str], default: str | None = None) -> str:
    """One of the options, written exactly so."""
    value = text(name, default)
    if value not in options:
        raise SettingError(f"{name}={value!r}: use one of {', '.join(options)}")
    return value


def words(name: str, default: Sequence[str] | None = None) -> list[str]:
    """A list split on commas, without white space and empty parts.

    Secrets can be listed so too (`CREDENTIAL_KEYS`), so `NAME_FILE` is read here as well.
    """
    raw = secret(name, None if default is None else ",".join(default))
    return [word for part in raw.split(",") if (word := part.strip())]


def _or_default(name: str, value: str | None, default: str | None) -> str:
    if value:
        return value
    if default is None:
        raise SettingError(f"{name} is not set")
    return default


def _from_file(name: str) -> str | None:
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return None
    if os.environ.get(name):
        raise SettingError(f"{name} and {name}_FILE are both set: keep one")
    try:
        with Path(path).open("rb") as file:
            content = file.read(SECRET_FILE_BYTES_MAX + 1)
        value = content.decode("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"{name}_FILE={path!r} cannot be read: {error}") from error
    if len(content) > SECRET_FILE_BYTES_MAX:
        raise SettingError(f"{name}_FILE={path!r} holds more than {SECRET_FILE_BYTES_MAX} bytes")
    if not value:
        raise SettingError(f"{name}_FILE={path!r} is empty")
    return value


def _as_text(value: object) -> str:
    if isinstance(value, list):
        return ",".join(_as_text(item) for item in value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
