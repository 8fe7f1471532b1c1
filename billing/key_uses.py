"""Notes when, from where and for what keys were used: with the batch of Calls that is posted, so
that no Call costs a write of its own. Charges nothing.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

from django.db import connection

from billing.usage_rows import Usage

# A page's length. Whoever calls from everywhere is told apart by the newest few.
ADDRESSES_KEPT = 50
# What a person wants to know to the minute is not written more often.
ADDRESS_FRESH_S = 60

# A key that somebody is editing is left for the next Call.
_TOUCH_KEYS = (
    "UPDATE accounts_apikey AS api_key"
    " SET last_used_at = used.at, last_used_ip = used.ip, last_used_model = used.model"
    " FROM unnest(%s::text[], %s::timestamptz[], %s::inet[], %s::text[])"
    "  AS used (id, at, ip, model),"
    " (SELECT id FROM accounts_apikey WHERE id = ANY(%s)"
    "  FOR NO KEY UPDATE SKIP LOCKED) AS idle"
    " WHERE api_key.id = used.id AND api_key.id = idle.id"
    " AND (api_key.last_used_at IS NULL OR api_key.last_used_at < used.at)"
)
_TOUCH_SECRETS = (
    "UPDATE accounts_retiredsecret AS secret SET last_used_at = used.at"
    " FROM unnest(%s::bigint[], %s::timestamptz[]) AS used (id, at),"
    " (SELECT id FROM accounts_retiredsecret WHERE id = ANY(%s)"
    "  FOR NO KEY UPDATE SKIP LOCKED) AS idle"
    " WHERE secret.id = used.id AND secret.id = idle.id"
    " AND (secret.last_used_at IS NULL OR secret.last_used_at < used.at)"
)
# In the order of the index, so that two workers with the same keys meet in the same order.
_NOTE_ADDRESSES = (
    "INSERT INTO accounts_keyaddress AS known (api_key_id, ip, first_at, last_at)"
    " SELECT used.id, used.ip, used.at, used.at"
    " FROM unnest(%s::text[], %s::inet[], %s::timestamptz[]) AS used (id, ip, at)"
    " JOIN accounts_apikey AS api_key ON api_key.id = used.id ORDER BY 1, 2"
    " ON CONFLICT (api_key_id, ip) DO UPDATE SET last_at = excluded.last_at"
    " WHERE known.last_at < excluded.last_at - %s * interval '1 second'"
    " RETURNING api_key_id, known.first_at = known.last_at"
)
_FORGET_ADDRESSES = (
    "DELETE FROM accounts_keyaddress WHERE id IN ("
    " SELECT id FROM accounts_keyaddress WHERE id IN ("
    "  SELECT id FROM (SELECT id, row_number() OVER (PARTITION BY api_key_id ORDER BY last_at DESC)"
    "   AS place FROM accounts_keyaddress WHERE api_key_id = ANY(%s)) AS placed WHERE place > %s)"
    " ORDER BY id FOR UPDATE SKIP LOCKED)"
)


def note(usages: Sequence[Usage]) -> None:
    """Move the last use of their keys and old secrets on, in the caller's transaction."""
    newest: dict[str, Usage] = {}
    secrets: dict[int, int] = {}
    addresses: dict[tuple[str, str], int] = {}
    for usage in usages:
        key, call = usage.gate.key, usage.call
        at_ms = call.ended_at_ms
        if key not in newest or newest[key].call.ended_at_ms < at_ms:
            newest[key] = usage
        if call.retired_secret:
            secrets[call.retired_secret] = max(secrets.get(call.retired_secret, 0), at_ms)
        if call.ip:
            place = key, call.ip
            addresses[place] = max(addresses.get(place, 0), at_ms)
    _touch(newest, secrets)
    if addresses:
        _note_addresses(addresses)


def _touch(newest: dict[str, Usage], secrets: dict[int, int]) -> None:
    ids, calls = list(newest), [usage.call for usage in newest.values()]
    times = [_instant(call.ended_at_ms) for call in calls]
    ips, models = [_address(call.ip) for call in calls], [call.model for call in calls]
    with connection.cursor() as cursor:
        cursor.execute(_TOUCH_KEYS, [ids, times, ips, models, ids])
        if secrets:
            times = [_instant(at_ms) for at_ms in secrets.values()]
            cursor.execute(_TOUCH_SECRETS, [list(secrets), times, list(secrets)])


def _note_addresses(addresses: dict[tuple[str, str], int]) -> None:
    known = [(key, ip, at_ms) for (key, text), at_ms in addresses.items() if (ip := _address(text))]
    # One row twice in a statement that updates on conflict is an error: forms of one address.
    rows = {(key, ip): at_ms for key, ip, at_ms in sorted(known, key=lambda row: row[2])}
    times = [_instant(at_ms) for at_ms in rows.values()]
    columns = [key for key, _ in rows], [ip for _, ip in rows], times, ADDRESS_FRESH_S
    with connection.cursor() as cursor:
        cursor.execute(_NOTE_ADDRESSES, columns)
        fresh = {key for key, is_new in cursor.fetchall() if is_new}
        if fresh:
            cursor.execute(_FORGET_ADDRESSES, [list(fresh), ADDRESSES_KEPT])


def _address(text: str) -> str | None:
    """As Postgres takes it; None for what is no address, as a server on a Unix socket gives it."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return str(getattr(address, "ipv4_mapped", None) or address)


def _instant(unix_ms: int) -> datetime:
    """To the millisecond, without a float."""
    seconds, rest_ms = divmod(unix_ms, 1000)
    return datetime.fromtimestamp(seconds, UTC) + timedelta(milliseconds=rest_ms)
