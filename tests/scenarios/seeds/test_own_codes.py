"""However a page words its refusals, our own records of them keep to one set of codes."""

import json
import time

import httpx
import psycopg
import pytest

from tests.scenarios.seeds.sellers import Seller
from tests.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

POSTED_WITHIN_S = 60.0
POLL_S = 0.05


def recorded(stack: Stack, request_id: str) -> tuple[str, int]:
    """Code and status of a Refusal, as soon as it is posted."""
    url = json.loads((stack.state_dir / "servers.json").read_text())["database_url"]
    sql = "SELECT code, status FROM billing_refusal WHERE id = %s"
    deadline = time.monotonic() + POSTED_WITHIN_S
    with psycopg.connect(url, autocommit=True) as connection:
        while (row := connection.execute(sql, [request_id]).fetchone()) is None:
            assert time.monotonic() < deadline, "the refusal is not posted"
            time.sleep(POLL_S)
    return row


@pytest.mark.parametrize(
    ("site", "status"),
    [("bigdogai", 402), ("qingcheng", 403), ("xidao", 402), ("modelstudio", 429)],
)
def test_a_spent_balance_is_recorded_under_our_code(
    stack: Stack, sellers: dict[str, Seller], curl: httpx.Client, site: str, status: int
) -> None:
    seller = sellers[site]
    answer = curl.post(
        f"{seller.base_url}/chat/completions",
        headers={"Authorization": f"Bearer {seller.keys['spent']}"},
        json={"model": seller.models[0], "messages": [{"role": "user", "content": "Hi"}]},
    )
    assert answer.status_code == status
    request_id = answer.headers["x-request-id"]
    assert recorded(stack, request_id) == ("credit_balance_exhausted", status)
