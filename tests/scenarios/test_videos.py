"""Videos through the running deployment: paid once, whether anybody asks for them or not."""

from decimal import Decimal

import httpx
import pytest

from tests.faults.cluster import Cluster, wait_until
from tests.scenarios.wire import Wire, rows, usage_record

SELLS = """
models:
  - id: filmed
    max_output_tokens: 16
    context_tokens: 1000
    price: {seconds: "0.01"}
    routes: [{upstream: first, name: filmed-upstream}]
"""
SECONDS = 10
CHARGE_NANOS = SECONDS * 10_000_000
# The first look is after three seconds, and posting takes one.
SEEN_WITHIN_S = 90.0


@pytest.fixture(scope="module")
def studio(deployment: Cluster) -> Cluster:
    deployment.apply(SELLS)
    return deployment


def test_a_video_that_nobody_asks_for_is_charged_by_the_worker(studio: Cluster, wire: Wire) -> None:
    (customer,) = studio.customers(1, amount="5.00")
    asked = {"model": "filmed", "prompt": "[[demo:polls=1]] A cat in garden", "duration": SECONDS}
    begun = wire.post(customer, asked, path="/v1/videos/generations")
    assert begun.status_code == 200, begun.text
    record = usage_record(studio, begun.headers["x-request-id"])
    assert record["charge_nanos"] == CHARGE_NANOS
    assert (record["endpoint"], record["ending"]) == ("videos/generations", "completed")


def test_a_video_survives_the_relay_that_began_it(studio: Cluster, wire: Wire) -> None:
    (customer,) = studio.customers(1, amount="5.00")
    child, url = studio.start_relay()
    head = {"authorization": f"Bearer {customer.secret}", "host": "127.0.0.1"}
    asked = {"model": "filmed", "prompt": "[[demo:polls=3]] A cat", "duration": SECONDS}
    begun = httpx.post(f"{url}/videos", json=asked, headers=head, trust_env=False)
    studio.end(child)
    job = f"/videos/{begun.json()['id']}"
    other = wire.relays[0] + job
    states: list[str] = []

    def is_done() -> bool:
        states.append(wire.http.get(other, headers=head).json()["status"])
        return states[-1] == "completed"

    wait_until(is_done, timeout_s=SEEN_WITHIN_S)
    content = wire.http.get(other + "/content", headers=head)
    assert (content.status_code, content.headers["content-type"]) == (200, "video/mp4")
    assert usage_record(studio, begun.headers["x-request-id"])["charge_nanos"] == CHARGE_NANOS


def test_two_relays_do_a_keys_work_once_and_the_account_agrees(studio: Cluster, wire: Wire) -> None:
    (customer,) = studio.customers(1, amount="5.00")
    head = {"authorization": f"Bearer {customer.secret}", "host": "127.0.0.1"}
    again = {**head, "idempotency-key": "once"}
    body = {"model": "filmed", "prompt": "[[demo:polls=1]]", "duration": SECONDS}
    answers = [wire.http.post(relay + "/videos", json=body, headers=again) for relay in wire.relays]
    assert answers[0].content == answers[1].content
    assert answers[1].headers["idempotency-replayed"] == "true"
    usage_record(studio, answers[0].headers["x-request-id"])
    told = wire.http.get(wire.relays[0] + "/credits", headers=head).json(parse_float=Decimal)
    assert told["data"]["total_usage"] == Decimal("0.1")
    assert told["data"]["balance"] == "4.9"
    count = "SELECT count(*) AS calls FROM billing_usagerecord WHERE organization_id = %s"
    assert rows(studio, count, customer.organization) == [{"calls": 1}]
