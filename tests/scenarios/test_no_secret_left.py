"""A thousand keys are made, given new secrets and used in every form; then everything that the
deployment keeps is searched: no secret is in Postgres, in Redis or in a log (acceptance 25)."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg
import pytest
from psycopg import sql
from redis import Redis

from tests.faults.cluster import Cluster, Customer, wait_until
from tests.scenarios.wire import Wire, chat, rows

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

KEYS = 1_000
KEYS_PER_RUN = 200  # what a script may take on a starved machine
# A part of the secret that no other place can have by chance: 62^20.
SECRET_CHARS = slice(20, 40)
USED = 12
MAKE = """
import json
from datetime import timedelta
from accounts import audit, key_rotation
from accounts.key_terms import KeyTerms
from accounts.models import Organization
from billing import keys
by = audit.command("test")
organization = Organization.objects.get(pk="{organization}")
made = []
for number in range({count}):
    minted = keys.create(organization, KeyTerms(name=f"key {{number}}"), by=by)
    made.append([minted.key.pk, minted.secret])
    if number % 10 == 0:
        fresh = key_rotation.rotate(minted.key, overlap=timedelta(hours=1), by=by)
        made.append([minted.key.pk, fresh.secret])
print(json.dumps(made))
"""
FORMS: Sequence[tuple[Mapping[str, str], str]] = (
    ({"authorization": "Bearer {secret}"}, "/v1/chat/completions"),
    ({"x-api-key": "{secret}"}, "/v1/chat/completions"),
    ({"api-key": "{secret}"}, "/v1/messages"),
    ({}, "/v1/chat/completions?key={secret}"),
    ({"authorization": "Bearer {secret}x"}, "/v1/chat/completions"),  # unknown: 401
    ({"authorization": "Bearer {secret}"}, "/v1/nowhere"),
)


def tables_of(connection: "psycopg.Connection[Any]") -> list[str]:
    found = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return [name for (name,) in found]


def postgres_dump(deployment: Cluster) -> bytes:
    """Every row of every table, as text."""
    with psycopg.connect(deployment.env["DATABASE_URL"]) as connection:
        return b"\n".join(
            bytes(piece) for table in tables_of(connection) for piece in copied(connection, table)
        )


def copied(connection: "psycopg.Connection[Any]", table: str) -> Iterator[bytes]:
    query = sql.SQL("COPY (SELECT * FROM {}) TO STDOUT").format(sql.Identifier(table))
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        for piece in copy:
            yield bytes(piece)


def redis_dump(deployment: Cluster) -> bytes:
    """Every name and value in Redis, read by its type: a DUMP may be compressed."""
    redis = Redis.from_url(deployment.env["REDIS_URL"])
    readers: Mapping[bytes, Any] = {
        b"string": redis.get,
        b"hash": redis.hgetall,
        b"list": lambda name: redis.lrange(name, 0, -1),
        b"set": redis.smembers,
        b"zset": lambda name: redis.zrange(name, 0, -1, withscores=True),
        b"stream": redis.xrange,
    }
    found = []
    for name in redis.scan_iter(count=1_000):
        kind = redis.type(name)
        if kind != b"none":  # gone meanwhile
            found.append(name + repr(readers[kind](name)).encode())
    redis.close()
    return b"\n".join(found)


def logs(deployment: Cluster) -> bytes:
    return b"\n".join(file.read_bytes() for file in deployment.folder.glob("*.log"))


def found_in(text: bytes, secrets: Sequence[str]) -> list[str]:
    return [secret[:8] for secret in secrets if secret[SECRET_CHARS].encode() in text]


def test_no_secret_of_a_thousand_keys_is_left_anywhere(deployment: Cluster, wire: Wire) -> None:
    (customer,) = deployment.customers(1, amount="5.00")
    code = MAKE.format(organization=customer.organization, count=KEYS_PER_RUN)
    made: list[list[str]] = []
    for _ in range(KEYS // KEYS_PER_RUN):
        made += deployment.manage("shell", "--verbosity", "0", "--command", code)
    secrets = [secret for _, secret in made] + [customer.secret]
    assert len(set(secrets)) == KEYS + KEYS // 10 + 1

    for number, (key_id, secret) in enumerate(made[:USED]):
        headers, path = FORMS[number % len(FORMS)]
        sent = {name: value.format(secret=secret) for name, value in headers.items()}
        body = chat("scripted", f"Hello {number}", max_tokens=5)
        wire.post(None, body, path=path.format(secret=secret), headers=sent, relay=number % 2)
        assert wire.post(Customer("", key_id, secret), body).status_code == 200

    used = (
        "SELECT count(*) AS n FROM accounts_apikey WHERE id = ANY(%s) AND last_used_at IS NOT NULL"
    )
    ids = list({key_id for key_id, _ in made[:USED]})
    wait_until(lambda: rows(deployment, used, ids)[0]["n"] == len(ids), timeout_s=60.0)

    dumps = {
        "Postgres": postgres_dump(deployment),
        "Redis": redis_dump(deployment),
        "logs": logs(deployment),
    }
    assert {name: found_in(text, secrets) for name, text in dumps.items()} == {
        name: [] for name in dumps
    }
    # The search does find what is there: every key's public id, and a secret that was written.
    assert all(key_id.encode() in dumps["Postgres"] for key_id, _ in made)
    assert customer.organization.encode() in dumps["Redis"]
    assert found_in(json.dumps({"oops": secrets[5]}).encode(), secrets) == [secrets[5][:8]]
