"""Where a credential of the catalog comes from: `env:NAME`, `file:PATH` or the literal itself.
Never puts one in a message."""

import os
from pathlib import Path

# Real credentials stay under 4 kB; a bigger file is the wrong file.
CREDENTIAL_BYTES_MAX = 16 * 1024


def resolve(reference: str, *, folder: Path) -> str:
    """The clear credential; ValueError says what is missing. `folder` is where a relative PATH
    starts: beside the catalog file, so that a deployment can be moved."""
    kind, colon, rest = reference.partition(":")
    if colon and kind == "env":
        return usable(os.environ.get(rest, ""), f"the environment has no {rest}")
    if colon and kind == "file":
        return usable(_content(folder / rest), f"{rest} is empty")
    return usable(reference)


def usable(secret: str, if_empty: str = "empty") -> str:
    """The secret without white space around it; ValueError when it is none, with a reason that
    does not repeat it."""
    secret = secret.strip()
    if not secret:
        raise ValueError(if_empty)
    # It is sent in a header: anything else would be refused there, at the worst moment.
    if not (secret.isascii() and secret.isprintable()):
        raise ValueError("a credential is one line of printable ASCII")
    return secret


def _content(path: Path) -> str:
    try:
        with path.expanduser().open("rb") as file:
            content = file.read(CREDENTIAL_BYTES_MAX + 1)
    except OSError as error:
        raise ValueError(f"{path} cannot be read: {error.strerror}") from error
    if len(content) > CREDENTIAL_BYTES_MAX:
        raise ValueError(f"{path} is longer than {CREDENTIAL_BYTES_MAX} bytes")
    try:
        return content.decode("ascii")
    except UnicodeDecodeError:
        # Not chained: the error would carry the bytes, which are a secret.
        raise ValueError("a credential is one line of printable ASCII") from None
