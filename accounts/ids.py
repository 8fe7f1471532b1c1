"""Public identifiers: short, random, safe in URLs, logs and Redis keys. Never secrets."""

import secrets

# Crockford's base32 without look-alikes; 16 of them carry 80 random bits, so that an id is
# not guessable and two never meet in practice.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
RANDOM_CHARS = 16


def new_id(prefix: str) -> str:
    """`prefix` + "_" + 16 random characters, e.g. `org_7h3k…`."""
    return prefix + "_" + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM_CHARS))


def new_organization_id() -> str:
    return new_id("org")
