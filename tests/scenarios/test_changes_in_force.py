"""A price, a route, a limit or a site that changes is changed on every running relay within a
second, without a restart; a Call that is under way keeps the version that it began with.

Keys and organizations: `test_revocation.py`.
"""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NamedTuple

import pytest

from tests.faults.cluster import Cluster, Customer, wait_until
from tests.patience import promised
from tests.scenarios.wire import POSTED_WITHIN_S, Wire, chat, execute, rows, usage_record

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

PUSHED_WITHIN_S = promised(1.0)
MODEL = "changing"
SITE, HOST = "closing", "closing.localhost"
CATALOG = f"""
models:
  - id: {MODEL}
    max_output_tokens: 4096
    context_tokens: 100000
    price: {{input: "1.00", output: "4.00"}}
    routes:
      - {{upstream: first, name: changing-one}}
      - {{upstream: second, name: changing-two, is_active: false}}
sites:
  - id: {SITE}
    name: Closing
    domains: [{HOST}]
    currency: USD
    plan: default
    models: [{MODEL}]
"""
PUBLISH = """
import time
from billing import prices
from billing.models import Model
row = prices.publish(Model.objects.get(pk="changing"), components={"input": %d, "output": %d})
print("[%%d, %%f]" %% (row.pk, time.time()))
"""
SWITCH_ROUTES = "UPDATE relay_route SET is_active = NOT is_active WHERE model_id = %(model)s"
LIMIT = "UPDATE accounts_apikey SET requests_per_minute = 1 WHERE id = %(key)s"
SWITCH_SITE = "UPDATE accounts_site SET is_active = NOT is_active WHERE id = %(site)s"


class Seen(NamedTuple):
    """One answered call of one relay."""

    began_at: float
    status: int
    request_id: str


@pytest.fixture(scope="module", autouse=True)
def sold(deployment: Cluster) -> None:
    """What the tests change, on top of the shared catalog."""
    deployment.apply(CATALOG)


@contextmanager
def knocking(wire: Wire, customer: Customer, host: str) -> Iterator[list[list[Seen]]]:
    """Calls on both relays, one after the other, before, during and after the block; its lists,
    one for each relay, are filled at its end."""
    stop, seen = threading.Event(), list[list[Seen]]()

    def knock(relay: int) -> list[Seen]:
        found = []
        while not stop.is_set():
            now = time.time()
            body = chat(MODEL, "[[demo: tokens=1]]")
            answer = wire.post(customer, body, host=host, relay=relay)
            found.append(Seen(now, answer.status_code, answer.headers["x-request-id"]))
        return found

    for relay in (0, 1):  # each has the key in its cache
        assert wire.post(customer, chat(MODEL), host=host, relay=relay).status_code == 200
    with ThreadPoolExecutor(2) as threads:
        waiting = [threads.submit(knock, relay) for relay in (0, 1)]
        try:
            yield seen
        finally:
            stop.set()
        seen += [future.result() for future in waiting]


def pass_by(changed_at: float) -> None:
    """Let the promised time go by, and a little of what comes after it."""
    ends_at = changed_at + PUSHED_WITHIN_S + 0.5
    wait_until(lambda: time.time() > ends_at, timeout_s=PUSHED_WITHIN_S + 60.0)


def by_record(deployment: Cluster, seen: list[Seen], column: str) -> dict[str, Any]:
    """A column of the calls' records, by request id, once all are posted."""
    found: dict[str, Any] = {}
    wanted = [each.request_id for each in seen]

    def are_posted() -> bool:
        sql = (
            f"SELECT request_id, {column} AS it FROM billing_usagerecord WHERE request_id = ANY(%s)"  # noqa: S608
        )
        found.update({row["request_id"]: row["it"] for row in rows(deployment, sql, wanted)})
        return len(found) == len(wanted)

    wait_until(are_posted, timeout_s=POSTED_WITHIN_S)
    return found


def publish(deployment: Cluster, nanos: int) -> tuple[int, float]:
    """A new price of everything; its version, and when it was published."""
    code = PUBLISH % (nanos, nanos)
    version, changed_at = deployment.manage("shell", "--verbosity", "0", "--command", code)
    return version, changed_at


def by_sql(deployment: Cluster, sql: str, **given: str) -> float:
    execute(deployment, sql, **given)
    return time.time()


def assert_all_changed(
    deployment: Cluster, seen: list[list[Seen]], changed_at: float, column: str, value: Any
) -> None:
    """Every call that began later than a second after the change has the new value, on each
    relay; and some before it had another."""
    for of_relay in seen:
        known = by_record(deployment, of_relay, column)
        later = [each for each in of_relay if each.began_at > changed_at + PUSHED_WITHIN_S]
        assert later
        assert {known[each.request_id] for each in later} == {value}
        assert known[of_relay[0].request_id] != value


def test_a_price_counts_on_every_relay_and_not_for_a_stream_under_way(
    deployment: Cluster, wire: Wire
) -> None:
    (customer,) = deployment.customers(1, amount="5.00")
    before, _ = publish(deployment, 3_000_000_000)
    body = chat(MODEL, "[[demo: tokens=60 pace=100]]", stream=True)
    headers = {"authorization": f"Bearer {customer.secret}"}
    url = f"{wire.relays[0]}/chat/completions"
    wait_until(lambda: price_of(deployment, wire, customer) == before, timeout_s=60.0)
    with wire.http.stream("POST", url, json=body, headers=headers) as answer:
        lines = answer.iter_lines()
        assert next(lines).startswith("data: {")
        with knocking(wire, customer, "127.0.0.1") as seen:
            version, changed_at = publish(deployment, 5_000_000_000)
            pass_by(changed_at)
        assert [line for line in lines if line][-1] == "data: [DONE]"
    assert_all_changed(deployment, seen, changed_at, "price_id", version)
    record = usage_record(deployment, answer.headers["x-request-id"])
    assert record["price_id"] == before
    tokens = record["input_tokens"] + record["output_tokens"]
    assert record["charge_nanos"] == tokens * 3_000


def price_of(deployment: Cluster, wire: Wire, customer: Customer) -> int:
    """The version that a call on the first relay pays now."""
    answer = wire.post(customer, chat(MODEL, "[[demo: tokens=1]]"))
    version: int = usage_record(deployment, answer.headers["x-request-id"])["price_id"]
    return version


def test_a_route_is_switched_on_every_relay(deployment: Cluster, wire: Wire) -> None:
    (customer,) = deployment.customers(1, amount="5.00")
    with knocking(wire, customer, "127.0.0.1") as seen:
        changed_at = by_sql(deployment, SWITCH_ROUTES, model=MODEL)
        pass_by(changed_at)
    by_sql(deployment, SWITCH_ROUTES, model=MODEL)
    assert_all_changed(deployment, seen, changed_at, "upstream", "second")


def limit(deployment: Cluster, customer: Customer) -> float:
    return by_sql(deployment, LIMIT, key=customer.key_id)


def suspend_site(deployment: Cluster, _customer: Customer) -> float:
    return by_sql(deployment, SWITCH_SITE, site=SITE)


@pytest.mark.parametrize(
    ("change", "status"), [(limit, 429), (suspend_site, 403)], ids=["limit", "site"]
)
def test_a_limit_and_a_suspended_site_refuse_on_every_relay(
    deployment: Cluster,
    wire: Wire,
    change: Callable[[Cluster, Customer], float],
    status: int,
) -> None:
    (customer,) = deployment.customers(1, amount="5.00", site=SITE)
    with knocking(wire, customer, HOST) as seen:
        changed_at = change(deployment, customer)
        pass_by(changed_at)
    execute(deployment, "UPDATE accounts_site SET is_active = true WHERE id = %(site)s", site=SITE)
    for of_relay in seen:
        accepted_at = [each.began_at for each in of_relay if each.status == 200]
        assert {each.status for each in of_relay} == {200, status}
        assert max(accepted_at) <= changed_at + PUSHED_WITHIN_S
