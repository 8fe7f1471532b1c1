"""A refusal says why in the documented shape and the site's language, whether trying again helps,
and shows in the organization's dashboard within two seconds by the rule that fired."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import httpx
import pytest

from tests.faults.cluster import Cluster, Customer, wait_until
from tests.patience import promised
from tests.scenarios.refused_calls import CASES
from tests.scenarios.wire import Wire, await_refusal, chat, execute, refusal, rows

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

TOLD_WITHIN_S = promised(2.0)
# All cases at once would only measure how the machine queues them.
AT_ONCE = 4


class Refused(NamedTuple):
    """What became of a case."""

    customer: Customer
    answer: httpx.Response
    told: dict[str, Any]
    told_after_s: float


@pytest.fixture(scope="module")
def refused(deployment: Cluster, wire: Wire) -> dict[str, Refused]:
    """Every case, asked once."""
    orders = [{"amount": "5.00"} | dict(case.order) for case in CASES.values()]
    customers = dict(zip(CASES, deployment.cast(orders), strict=True))
    for name, case in CASES.items():
        if case.sql:
            who = customers[name]
            execute(deployment, case.sql, key=who.key_id, organization=who.organization)

    def ask(name: str) -> Refused:
        case, customer = CASES[name], customers[name]
        answer = wire.post(customer, case.body, host=case.host)
        told, after_s = await_refusal(deployment, answer.headers["x-request-id"])
        return Refused(customer, answer, told, after_s)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        return dict(zip(CASES, threads.map(ask, CASES), strict=True))


@pytest.mark.parametrize("name", CASES)
def test_the_answer_says_what_is_wrong(refused: dict[str, Refused], name: str) -> None:
    case, answer = CASES[name], refused[name].answer
    assert answer.status_code == case.status
    assert answer.json() == {
        "error": {
            "message": case.message,
            "type": case.type,
            "param": case.param,
            "code": case.code,
        }
    }
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers.get("x-should-retry") == ("false" if case.is_final else None)


@pytest.mark.parametrize("name", CASES)
def test_the_dashboard_is_told_within_two_seconds(refused: dict[str, Refused], name: str) -> None:
    case, (customer, _, told, told_after_s) = CASES[name], refused[name]
    assert told_after_s <= TOLD_WITHIN_S
    shown = [told[key] for key in ("organization_id", "api_key_id", "status", "code", "rule")]
    assert shown == [customer.organization, customer.key_id, case.status, case.code, case.rule]
    assert (told["param"], told["multiplier"]) == (case.param or "", 1)
    if not case.is_episode:
        assert told["episode_id"] is None
        return
    assert (told["refused_count"], told["closed_at"]) == (1, None)
    assert told["episode_key"] == (customer.key_id if case.by_key else None)
    assert told["episode_model"] == ("scripted" if case.by_model else "")


def _error(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["message"]


def test_a_host_of_no_site_is_misdirected(deployment: Cluster, wire: Wire) -> None:
    (customer,) = deployment.customers(1, amount="5.00")
    answer = wire.post(customer, chat("scripted"), host="nobody.localhost")
    expected = (421, "unknown_host", "No site answers at this host name.")
    assert _error(answer) == expected


def test_a_key_of_another_site_is_as_good_as_none(deployment: Cluster, wire: Wire) -> None:
    (customer,) = deployment.customers(1, amount="5.00")
    elsewhere = wire.post(customer, chat("scripted"), host="forbidding.localhost")
    assert _error(elsewhere) == (401, "invalid_api_key", "API 密钥无效。")
    made_up = Customer("", "", "sk-" + "x" * 55)
    there = wire.post(made_up, chat("scripted"), host="forbidding.localhost")
    assert there.json() == elsewhere.json()
    assert wire.post(customer, chat("scripted")).status_code == 200
    ours = wire.post(None, chat("scripted"), host="limiting.localhost")
    assert _error(ours)[:2] == (401, "invalid_api_key")


def test_a_daily_budget_tells_when_it_begins_anew(deployment: Cluster, wire: Wire) -> None:
    (customer,) = deployment.customers(1, amount="5.00", budget_nanos=1_000, budget_period="day")
    sql = "SELECT to_char(now() AT TIME ZONE 'UTC' + interval '1 day', 'YYYY-MM-DD')"
    before, answer = deployment.query(sql), wire.post(customer, chat("scripted"))
    midnights = {row[0] for row in (*before, *deployment.query(sql))}
    messages = {
        f"This API key's budget is spent. It renews at {day} 00:00 UTC." for day in midnights
    }
    assert answer.status_code == 402
    assert answer.json()["error"]["message"] in messages


def test_a_balance_is_spent_to_the_end_and_a_top_up_closes_the_episode(
    deployment: Cluster, wire: Wire
) -> None:
    (customer,) = deployment.customers(1, amount="0.001")
    body = chat("scripted", "[[demo: tokens=50]]", max_tokens=50)
    statuses: list[int] = []
    while len(statuses) < 20 and 402 not in statuses:
        answer = wire.post(customer, body, relay=len(statuses) % 2)
        statuses.append(answer.status_code)
    # 50 tokens at 4.00 a million are 200,000 nanos, and the prompt comes on top.
    assert statuses == [200] * (len(statuses) - 1) + [402]
    assert 3 <= len(statuses) <= 5
    request_id = answer.headers["x-request-id"]
    assert await_refusal(deployment, request_id)[0]["closed_at"] is None
    deployment.manage(
        *("credit", "--organization", customer.organization),
        *("--amount", "1.00", "--reason", "test"),
    )
    assert wire.post(customer, body).status_code == 200

    def is_closed() -> bool:
        told = refusal(deployment, request_id)
        return told is not None and told["closed_at"] is not None

    wait_until(is_closed, timeout_s=TOLD_WITHIN_S)


def test_refusals_of_one_cause_are_one_episode(deployment: Cluster, wire: Wire) -> None:
    (customer,) = deployment.customers(1, amount="0")
    answers = [wire.post(customer, chat("scripted"), relay=number % 2) for number in range(12)]
    assert {answer.status_code for answer in answers} == {402}
    sql = (
        "SELECT refused_count, (SELECT sum(multiplier) FROM billing_refusal AS refusal"
        " WHERE refusal.episode_id = episode.id) AS logged"
        " FROM billing_blockepisode AS episode WHERE organization_id = %s"
    )
    told = [{"refused_count": 12, "logged": 12}]
    wait_until(
        lambda: rows(deployment, sql, customer.organization) == told, timeout_s=TOLD_WITHIN_S
    )
