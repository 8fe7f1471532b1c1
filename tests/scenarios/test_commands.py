"""The commands for scripts, as a script runs them beside a live deployment: what they print, what
they refuse, that repeating them is safe, and how soon the relays act on them."""

import json
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.faults.calls import new_mark
from tests.faults.cluster import READY_S, Cluster, Customer, wait_until
from tests.patience import promised
from tests.scenarios.wire import Wire, await_refusal, chat, rows, usage_record

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

IN_FORCE_WITHIN_S = promised(1.0)
UNIT = 1_000_000_000


def test_an_organization_is_made_credited_and_calls(deployment: Cluster, wire: Wire) -> None:
    mail = f"{new_mark()}@example.com"
    order = ("--site", "default", "--name", "Initech", "--email", mail, "--plan", "default")
    made = deployment.manage("create_organization", *order)
    owner = {"email": mail, "created": True}
    assert made == {
        "id": made["id"],
        "site": "default",
        "name": "Initech",
        "created": True,
        "owner": owner,
    }
    again = deployment.manage("create_organization", *order)
    assert again == made | {"created": False, "owner": owner | {"created": False}}

    organization = ("--organization", made["id"])
    key = deployment.manage("create_key", *organization, "--name", "ci", "--models", "scripted")
    assert set(key) == {"id", "secret", "organization", "name", "expires_at"}
    assert key["secret"].startswith(f"sk-{key['id']}")
    customer = Customer(made["id"], key["id"], key["secret"])
    assert wire.post(customer, chat("scripted")).status_code == 402
    assert wire.post(customer, chat("dear")).status_code == 403

    credit = (*organization, "--amount", "5.00", "--reason", "paid", "--external-id", mail)
    first = deployment.manage("credit", *credit)
    assert (first["amount_nanos"], first["currency"], first["created"]) == (5 * UNIT, "USD", True)
    assert deployment.manage("credit", *credit) == first | {"created": False}
    balance = deployment.manage("balance", *organization)
    assert balance == {
        "id": made["id"],
        "currency": "USD",
        "posted_nanos": 5 * UNIT,
        "held_nanos": 0,
        "available_nanos": 5 * UNIT,
        "is_live": True,
    }
    answer = wire.post(customer, chat("scripted", "[[demo: tokens=10]]"))
    charge_nanos = usage_record(deployment, answer.headers["x-request-id"])["charge_nanos"]
    assert charge_nanos > 10 * 4_000
    left = deployment.manage("balance", *organization)
    assert left["available_nanos"] == left["posted_nanos"] == 5 * UNIT - charge_nanos


def test_a_keys_options_are_in_force(deployment: Cluster, wire: Wire) -> None:
    (owner,) = deployment.customers(1, amount="5.00")
    made = deployment.manage(
        *("create_key", "--organization", owner.organization, "--requests-per-minute", "60"),
        *("--budget", "0.000001", "--budget-period", "day", "--expires", "2999-12-31T00:00:00Z"),
    )
    assert made["expires_at"] == "2999-12-31T00:00:00+00:00"
    customer = Customer(owner.organization, made["id"], made["secret"])
    answer = wire.post(customer, chat("scripted"))
    assert answer.status_code == 402
    assert answer.headers["x-ratelimit-limit-requests"] == "60"
    told, _ = await_refusal(deployment, answer.headers["x-request-id"])
    assert told["code"] == "key_budget_exceeded"


def test_a_credit_is_spendable_within_a_second(deployment: Cluster, wire: Wire) -> None:
    (customer,) = deployment.customers(1, amount="0")
    body = chat("scripted", "[[demo: tokens=1]]")
    assert wire.post(customer, body).status_code == 402
    deployment.manage(
        *("credit", "--organization", customer.organization, "--amount", "1", "--reason", "x")
    )
    for relay in (0, 1):
        wait_until(
            lambda relay=relay: wire.post(customer, body, relay=relay).status_code == 200,  # type: ignore[misc]
            timeout_s=IN_FORCE_WITHIN_S,
        )


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("create_organization", "--site", "nowhere", "--name", "x"), "no site 'nowhere'"),
        (("create_key", "--organization", "org_x"), "no organization 'org_x'"),
        (("credit", "--organization", "org_x", "--amount", "1", "--reason", "x"), "org_x"),
        (("balance",), "--organization"),
        (("catalog", "apply", "no-such-file.yaml"), "no-such-file.yaml"),
    ],
)
def test_nonsense_exits_with_the_reason_and_prints_no_object(
    deployment: Cluster, arguments: tuple[str, ...], reason: str
) -> None:
    done = deployment.python.run("manage.py", *arguments)
    assert done.returncode in (1, 2)
    assert reason in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_one_external_id_cannot_credit_twice_by_another_amount(deployment: Cluster) -> None:
    (customer,) = deployment.customers(1, amount="0")
    given = ("credit", "--organization", customer.organization, "--reason", "x")
    external = ("--external-id", new_mark())
    deployment.manage(*given, "--amount", "1.00", *external)
    with pytest.raises(json.JSONDecodeError):
        deployment.manage(*given, "--amount", "2.00", *external, is_ok=False)
    balance = deployment.manage("balance", "--organization", customer.organization)
    assert balance["posted_nanos"] == UNIT


def test_a_catalog_applied_again_and_its_own_export_change_nothing(
    deployment: Cluster, tmp_path: Path
) -> None:
    text = """
models:
  - id: applied-twice
    price: {input: "0.5", output: "2"}
    routes: [{upstream: first, name: x, cost: {input: "0.1", output: "0.2"}}]
"""
    first = deployment.apply(text)["changes"]
    assert [(change["kind"], change["action"]) for change in first] == [
        ("model", "create"),
        ("price", "publish"),
        ("route", "create"),
    ]
    assert deployment.apply(text) == {"changes": []}
    exported = tmp_path / "exported.yaml"
    told = deployment.manage("catalog", "export", str(exported))
    ((upstreams,),) = deployment.query("SELECT count(*) FROM relay_upstream")
    assert (told["file"], told["upstreams"]) == (str(exported), upstreams)
    assert "upstream-credential" not in exported.read_text()
    for act in ("diff", "apply"):
        assert deployment.manage("catalog", act, str(exported)) == {"changes": []}
    versions = "SELECT count(*) FROM billing_price WHERE model_id = 'applied-twice'"
    assert deployment.query(versions) == [(1,)]


def test_a_wrong_catalog_is_refused_with_its_line_and_changes_nothing(
    deployment: Cluster, tmp_path: Path
) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("plans:\n  - {id: never}\nmodels:\n  - {id: m, prize: 1}\n")
    done = deployment.python.run("manage.py", "catalog", "apply", str(file))
    assert done.returncode == 1
    assert f"{file}:4" in done.stderr
    assert "prize" in done.stderr
    assert deployment.query("SELECT count(*) FROM billing_plan WHERE id = 'never'") == [(0,)]


class _Knocking(threading.Thread):
    """Calls one relay until told to stop; collects the request ids."""

    def __init__(self, wire: Wire, customer: Customer, relay: int) -> None:
        super().__init__(daemon=True)
        self._wire, self._customer, self._relay = wire, customer, relay
        self.stopping = threading.Event()
        self.request_ids: list[str] = []

    def run(self) -> None:
        while not self.stopping.wait(0.02):  # pace, so that posting keeps up
            body = chat("repriced", "[[demo: tokens=1]]")
            answer = self._wire.post(self._customer, body, relay=self._relay)
            self.request_ids.append(answer.headers["x-request-id"])


def test_a_new_price_is_in_force_on_every_relay_within_a_second(
    deployment: Cluster, wire: Wire
) -> None:
    (customer,) = deployment.customers(1, amount="50.00")
    threads = [_Knocking(wire, customer, relay) for relay in (0, 1)]
    for thread in threads:
        thread.start()
    new = 'models:\n  - {id: repriced, price: {input: "3.00", output: "7.00"}}\n'
    deployment.apply(new)
    known = [len(thread.request_ids) for thread in threads]
    wait_until(
        lambda: all(len(t.request_ids) > n + 5 for t, n in zip(threads, known, strict=True)),
        timeout_s=READY_S,
    )
    for thread in threads:
        thread.stopping.set()
        thread.join(10)
    for thread in threads:
        _assert_priced_by_the_time_of_admission(deployment, thread.request_ids)


def _assert_priced_by_the_time_of_admission(deployment: Cluster, request_ids: list[str]) -> None:
    usage_record(deployment, request_ids[-1])
    found = rows(
        deployment,
        "SELECT charge_nanos, input_tokens, output_tokens,"
        " extract(epoch FROM admitted_at - newest.effective_from)::float AS age_s"
        " FROM billing_usagerecord,"
        " (SELECT max(effective_from) AS effective_from FROM billing_price"
        "  WHERE model_id = 'repriced') AS newest"
        " WHERE request_id = ANY(%s) AND ending = 'completed'",
        request_ids,
    )
    ages: defaultdict[str, list[float]] = defaultdict(list)
    for row in found:
        ages[_price_of(row)].append(row["age_s"])
    assert set(ages) == {"old", "new"}
    assert max(ages["old"]) <= IN_FORCE_WITHIN_S
    assert min(ages["new"]) >= 0


def _price_of(row: dict[str, Any]) -> str:
    """Which version a call was charged by: 1.00 and 1.00 before, 3.00 and 7.00 after."""
    prices = {"old": (1_000, 1_000), "new": (3_000, 7_000)}
    tokens = (row["input_tokens"], row["output_tokens"])
    (name,) = [
        name
        for name, price in prices.items()
        if sum(n * nanos for n, nanos in zip(tokens, price, strict=True)) == row["charge_nanos"]
    ]
    return name
