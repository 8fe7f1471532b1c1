"""A key that is revoked, disabled or whose organization is suspended, and a secret that has ended,
are refused by every relay within a second, whoever wrote that into Postgres, and within ten while
the relays hear nothing of it; what was under way is not cut."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from tests.faults.cluster import Cluster, Customer
from tests.patience import promised
from tests.scenarios.refused_calls import DISABLE, REVOKE, SUSPEND
from tests.scenarios.wire import Wire, chat, execute, rows

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

PUSHED_WITHIN_S = promised(1.0)
UNHEARD_WITHIN_S = promised(10.0)
LISTENERS = "SELECT pid FROM pg_stat_activity WHERE application_name = 'tollgate-changes'"
# As many calls as one relay's thread makes before it gives up waiting for a refusal.
CALLS_MAX = 5_000

REVOKE_BY_CODE = """
import time
from accounts import api_keys, audit
from accounts.models import ApiKey
api_keys.revoke(ApiKey.objects.get(pk="{key}"), by=audit.command("shell"))
print(time.time())
"""
ROTATE_BY_CODE = """
import time
from datetime import timedelta
from accounts import audit, key_rotation
from accounts.models import ApiKey
key = ApiKey.objects.get(pk="{key}")
key_rotation.rotate(key, overlap=timedelta(hours={hours}), by=audit.command("shell"))
print(time.time())
"""
END_OLD_SECRET = (
    "UPDATE accounts_retiredsecret SET expires_at = now() + interval '1 second'"
    " WHERE api_key_id = %(key)s"
)

Change = Callable[[Cluster, Customer], float]


def _by_sql(sql: str) -> Change:
    def change(deployment: Cluster, customer: Customer) -> float:
        execute(deployment, sql, key=customer.key_id, organization=customer.organization)
        return time.time()

    return change


def _by_code(script: str) -> Change:
    def change(deployment: Cluster, customer: Customer) -> float:
        code = script.format(key=customer.key_id, hours=0)
        changed_at: float = deployment.manage("shell", "--verbosity", "0", "--command", code)
        return changed_at

    return change


@contextmanager
def _unheard(deployment: Cluster) -> Iterator[None]:
    """Nobody hears of a change inside the block: the processes of Postgres that would tell the
    relays stand still, and their links look alive."""
    pids = [row["pid"] for row in rows(deployment, LISTENERS)]
    assert len(pids) == len(deployment.relays)
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)


def _last_accepted(wire: Wire, customer: Customer, relay: int) -> tuple[float, int]:
    """When the last call that was let in began, and the status that followed."""
    began_at = 0.0
    for _ in range(CALLS_MAX):
        now = time.time()
        answer = wire.post(customer, chat("scripted", "[[demo: tokens=1]]"), relay=relay)
        if answer.status_code != 200:
            return began_at, answer.status_code
        began_at = now
    raise AssertionError(f"relay {relay} never refused")


@contextmanager
def _knocking(wire: Wire, customer: Customer) -> Iterator[list[tuple[float, int]]]:
    """Calls on both relays, before, during and after the block; the list is filled at its end."""
    results: list[tuple[float, int]] = []
    with ThreadPoolExecutor(2) as threads:
        for relay in (0, 1):  # each relay has the key in its cache
            assert wire.post(customer, chat("scripted"), relay=relay).status_code == 200
        waiting = [threads.submit(_last_accepted, wire, customer, relay) for relay in (0, 1)]
        yield results
        results += [future.result() for future in waiting]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        pytest.param(_by_sql(REVOKE), 401, id="revoked by SQL"),
        pytest.param(_by_code(REVOKE_BY_CODE), 401, id="revoked by accounts.api_keys"),
        pytest.param(_by_code(ROTATE_BY_CODE), 401, id="rotated without overlap"),
        pytest.param(_by_sql(DISABLE), 403, id="disabled"),
        pytest.param(_by_sql(SUSPEND), 403, id="organization suspended"),
    ],
)
def test_every_relay_refuses_within_a_second(
    deployment: Cluster, wire: Wire, change: Change, status: int
) -> None:
    (customer,) = deployment.customers(1, amount="5.00")
    with _knocking(wire, customer) as results:
        changed_at = change(deployment, customer)
    assert [refused_with for _, refused_with in results] == [status, status]
    for last_accepted_at, _ in results:
        assert last_accepted_at <= changed_at + PUSHED_WITHIN_S


def test_an_old_secret_opens_until_its_end_on_every_relay(deployment: Cluster, wire: Wire) -> None:
    (customer,) = deployment.customers(1, amount="5.00")
    code = ROTATE_BY_CODE.format(key=customer.key_id, hours=1)
    deployment.manage("shell", "--verbosity", "0", "--command", code)
    with _knocking(wire, customer) as results:  # with the old secret, on both relays
        execute(deployment, END_OLD_SECRET, key=customer.key_id)
        ends_at = time.time() + 1.0
    assert [refused_with for _, refused_with in results] == [401, 401]
    for last_accepted_at, _ in results:
        assert last_accepted_at <= ends_at + PUSHED_WITHIN_S


@pytest.mark.parametrize(("sql", "status"), [(REVOKE, 401), (SUSPEND, 403)])
def test_within_ten_seconds_where_no_relay_hears_of_it(
    deployment: Cluster, wire: Wire, sql: str, status: int
) -> None:
    (customer,) = deployment.customers(1, amount="5.00")
    with _knocking(wire, customer) as results, _unheard(deployment):
        changed_at = _by_sql(sql)(deployment, customer)
        deadline = time.monotonic() + UNHEARD_WITHIN_S
        while len(rows(deployment, LISTENERS)) < 2 * len(deployment.relays):
            if time.monotonic() > deadline:
                break  # the relays have not given the dead links up: the figures will tell
            time.sleep(0.2)
    assert [refused_with for _, refused_with in results] == [status, status]
    for last_accepted_at, _ in results:
        assert last_accepted_at <= changed_at + UNHEARD_WITHIN_S


def test_a_stream_that_had_begun_goes_on_to_its_end(deployment: Cluster, wire: Wire) -> None:
    (customer,) = deployment.customers(1, amount="5.00")
    body = chat("scripted", "[[demo: tokens=20 pace=50]]", stream=True)
    headers = {"authorization": f"Bearer {customer.secret}"}
    url = f"{wire.relays[0]}/chat/completions"
    with wire.http.stream("POST", url, json=body, headers=headers) as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith("data: {")
        execute(deployment, REVOKE, key=customer.key_id)
        rest = [line for line in lines if line]
    assert rest[-1] == "data: [DONE]"
    assert wire.post(customer, chat("scripted")).status_code == 401
