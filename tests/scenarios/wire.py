"""Requests as a program sends them, without an SDK between, and what the books make of them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
from psycopg.rows import dict_row

from tests.faults.cluster import Cluster, Customer, wait_until

# Usage is posted twice a second; beyond this something is broken, not slow.
POSTED_WITHIN_S = 60.0


@dataclass(frozen=True, slots=True)
class Wire:
    """One HTTP client for all relays of a deployment."""

    http: httpx.Client
    relays: Sequence[str]

    def post(
        self,
        customer: Customer | None,
        body: dict[str, Any] | bytes,
        *,
        host: str = "127.0.0.1",
        relay: int = 0,
        path: str = "/v1/chat/completions",
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """POST `body` to a relay as the site at `host`."""
        sent = {"host": host, **(headers or {})}
        if customer is not None:
            sent |= {"authorization": f"Bearer {customer.secret}"}
        url = self.relays[relay].removesuffix("/v1") + path
        if isinstance(body, bytes):
            return self.http.post(url, content=body, headers=sent)
        return self.http.post(url, json=body, headers=sent)


def chat(model: str, prompt: str = "Hello", **more: Any) -> dict[str, Any]:
    """The smallest chat request."""
    return {"model": model, "messages": [{"role": "user", "content": prompt}], **more}


def rows(deployment: Cluster, sql: str, *parameters: Any) -> list[dict[str, Any]]:
    """Rows by column name, straight from Postgres."""
    url = deployment.env["DATABASE_URL"]
    with psycopg.connect(url, row_factory=dict_row) as connection:
        return connection.execute(sql, parameters).fetchall()


def execute(deployment: Cluster, sql: str, **parameters: str) -> None:
    """A write behind the product's back, as an operator at a database prompt."""
    with psycopg.connect(deployment.env["DATABASE_URL"]) as connection:
        connection.execute(sql, parameters)


def usage_record(deployment: Cluster, request_id: str) -> dict[str, Any]:
    """The UsageRecord of a call, once the worker has posted it."""
    found: list[dict[str, Any]] = []

    def is_posted() -> bool:
        sql = "SELECT * FROM billing_usagerecord WHERE request_id = %s"
        found.extend(rows(deployment, sql, request_id))
        return bool(found)

    wait_until(is_posted, timeout_s=POSTED_WITHIN_S)
    return found[0]


def refusal(deployment: Cluster, request_id: str) -> dict[str, Any] | None:
    """The Refusal of a call with its episode's columns, as soon as there is one."""
    found = rows(
        deployment,
        "SELECT refusal.*, episode.refused_count, episode.closed_at, episode.opened_at,"
        " episode.api_key_id AS episode_key, episode.model AS episode_model"
        " FROM billing_refusal AS refusal"
        " LEFT JOIN billing_blockepisode AS episode ON episode.id = refusal.episode_id"
        " WHERE refusal.id = %s",
        request_id,
    )
    return found[0] if found else None


def await_refusal(deployment: Cluster, request_id: str) -> tuple[dict[str, Any], float]:
    """The Refusal, and after how many seconds it was there."""
    asked_at = time.monotonic()
    found: dict[str, Any] = {}

    def is_told() -> bool:
        found.update(refusal(deployment, request_id) or {})
        return bool(found)

    wait_until(is_told, timeout_s=POSTED_WITHIN_S)
    return found, time.monotonic() - asked_at


def upstream_call(deployment: Cluster, mark: str) -> dict[str, Any]:
    """What the first upstream recorded of the one call whose `user` is `mark`, once it ended."""
    found: list[dict[str, Any]] = []

    def has_ended() -> bool:
        calls = deployment.first.calls()
        found[:] = [call for call in calls if (call["body"] or {}).get("user") == mark]
        return bool(found) and all(call["ending"] != "open" for call in found)

    wait_until(has_ended, timeout_s=POSTED_WITHIN_S)
    (call,) = found
    return call
