"""Acceptance 15: a client that leaves closes its upstream within a second and pays by the rule."""

import asyncio
from typing import Any

import pytest

from tests.faults.calls import RawCall, body, new_mark
from tests.faults.cluster import READY_S, Cluster, Customer
from tests.patience import promised

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]

CALLS = 25
# A second, and what it takes to look at the calls one after the other.
CLOSED_S_MAX = promised(1.0) + 5.0


def _seen(deployment: Cluster, mark: str) -> dict[str, Any] | None:
    """What the upstream recorded of the call that carries `mark`."""
    for row in deployment.first.calls():
        if mark in str(row["body"]):
            return row
    return None


async def _until_seen(deployment: Cluster, mark: str, key: str) -> dict[str, Any]:
    async with asyncio.timeout(READY_S):
        while True:
            row = await asyncio.to_thread(_seen, deployment, mark)
            if row is not None and (key == "sequence" or row["ending"] != "open"):
                return row
            await asyncio.sleep(0.02)


async def _leave(
    deployment: Cluster, customer: Customer, directive: str, *, stream: bool, read: bytes
) -> tuple[str, float]:
    """Call, read until `read` came (b"" for nothing), leave; the mark and the time of leaving."""
    mark = new_mark()
    request = body("scripted", f"{directive}", stream=stream, user=mark)
    raw = await RawCall.send(deployment.relays[0][1], customer, request)
    if read:
        await asyncio.wait_for(raw.reader.readuntil(read), READY_S)
    else:
        await _until_seen(deployment, mark, "sequence")
    raw.leave()
    return mark, asyncio.get_running_loop().time()


@pytest.mark.parametrize(
    ("directive", "stream", "read"),
    [
        pytest.param("wait=20000", True, b"", id="stream, before the first byte"),
        pytest.param("wait=20000", False, b"", id="not streamed"),
        pytest.param("tokens=2000 pace=10", True, b'" four"', id="mid-stream"),
        pytest.param("tokens=3 pace=10000", True, b'"one"', id="mid-stream, silent upstream"),
    ],
)
async def test_the_upstream_sees_the_close_within_a_second(
    deployment: Cluster, directive: str, stream: bool, read: bytes
) -> None:
    (customer,) = await asyncio.to_thread(deployment.customers, 1, amount="5.00")
    deployment.first.clear()
    left = await asyncio.gather(
        *[_leave(deployment, customer, directive, stream=stream, read=read) for _ in range(CALLS)]
    )
    late = 0
    for mark, left_at in left:
        row = await _until_seen(deployment, mark, "ending")
        assert row["ending"] == "client_closed"
        late += asyncio.get_running_loop().time() - left_at > CLOSED_S_MAX
    assert late == 0
    closed_ms = sorted(row["client_closed_ms"] for row in deployment.first.calls())
    assert len(closed_ms) == CALLS
    await asyncio.to_thread(deployment.settled_audit)
    rows = deployment.query(
        "SELECT ending, charge_nanos, input_tokens, output_tokens FROM billing_usagerecord"  # noqa: S608
        f" WHERE organization_id = '{customer.organization}'"
    )
    assert [row[0] for row in rows] == ["client_left"] * CALLS
    for _, charge_nanos, input_tokens, output_tokens in rows:
        if read:  # the prompt, and the tokens that went out
            assert output_tokens >= (4 if "four" in str(read) else 1)
            assert charge_nanos == input_tokens * 1_000 + output_tokens * 4_000
        else:  # nothing was delivered
            assert charge_nanos == 0
