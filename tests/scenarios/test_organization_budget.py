"""The budget of an organization: whatever key is used, on whatever relay, within a second."""

import pytest

from tests.faults.calls import new_mark
from tests.faults.cluster import Cluster, Customer, wait_until
from tests.patience import promised
from tests.scenarios.wire import Wire, await_refusal, chat

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

IN_FORCE_WITHIN_S = promised(1.0)
HELLO = chat("scripted", "[[demo: tokens=1]]", max_tokens=8)


def _make(deployment: Cluster, owner: str, *arguments: str) -> str:
    """The organization of that owner, made by the first call."""
    order = ("--site", "default", "--name", "Bounded", "--email", owner)
    made: str = deployment.manage("create_organization", *order, *arguments)["id"]
    return made


def test_a_budget_bounds_all_keys_of_an_organization_on_all_relays_within_a_second(
    deployment: Cluster, wire: Wire
) -> None:
    owner = f"{new_mark()}@example.com"
    organization = _make(deployment, owner)
    deployment.manage(
        *("credit", "--organization", organization, "--amount", "5.00", "--reason", "paid")
    )
    minted = [deployment.manage("create_key", "--organization", organization) for _ in range(2)]
    keys = [Customer(organization, each["id"], each["secret"]) for each in minted]

    def statuses() -> set[int]:
        return {wire.post(key, HELLO, relay=relay).status_code for key in keys for relay in (0, 1)}

    assert statuses() == {200}
    _make(deployment, owner, "--budget", "0.000001", "--budget-period", "month")
    wait_until(lambda: statuses() == {402}, timeout_s=IN_FORCE_WITHIN_S)
    refused = wire.post(keys[1], HELLO)
    assert refused.json()["error"]["code"] == "organization_budget_exceeded"
    assert refused.headers["x-should-retry"] == "false"
    told, _ = await_refusal(deployment, refused.headers["x-request-id"])
    assert told["code"] == "organization_budget_exceeded"
    _make(deployment, owner, "--budget", "1.00", "--budget-period", "month")
    wait_until(lambda: statuses() == {200}, timeout_s=IN_FORCE_WITHIN_S)
