"""The error rows of five sellers' API pages, asked of relays over the wire: the statuses and bodies
of each site's own contract, while our own books keep to one set of codes."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.faults.cluster import Cluster, Customer
from tests.scenarios.catalog import SOLD
from tests.scenarios.wire import Wire, await_refusal, chat

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

INVALID = "invalid_request_error"
PER_MINUTE = "每分钟 1 次请求"


@dataclass(frozen=True, slots=True)
class Row:
    """A way to be refused, and what each site's page says of it: status, type, code, message."""

    told: dict[str, tuple[int, str, str, str]]
    our_code: str = ""  # in the dashboard; "" where no customer is known
    body: dict[str, Any] = field(default_factory=dict)
    order: dict[str, Any] = field(default_factory=dict)
    param: str | None = None
    times: int = 1  # how often to ask at most, until refused


ROWS = {
    "wrong type": Row(
        {
            "bigdog": (400, INVALID, INVALID, "请求参数错误：“stream”应为 bool | null，实际为 str"),
            "baystone": (400, INVALID, "400", "Bad Request：“stream”应为 bool | null，实际为 str"),
            "qingcheng": (
                *(400, "Bad Request", "invalid_request"),
                "请求参数错误：“stream”应为 bool | null，实际为 str",
            ),
        },
        our_code="invalid_request",
        body={"stream": "yes"},
        param="stream",
    ),
    "wrong key": Row(
        {
            "bigdog": (401, "authentication_error", "invalid_api_key", "API Key 无效"),
            "baystone": (401, INVALID, "401", "Invalid API key provided"),
            "qingcheng": (401, "Unauthorized", "invalid_api_key", "API密钥无效或缺失"),
            "xidao": (401, "authentication_error", "invalid_api_key", "API 密钥无效。"),
            "studio": (401, INVALID, "invalid_api_key", "Incorrect API key provided. "),
        },
        order={"secret": "sk-wrong"},
    ),
    "spent": Row(
        {
            "qingcheng": (403, "Forbidden", "credit_balance_exhausted", "账户余额不足"),
            "xidao": (
                *(402, "insufficient_quota", "insufficient_quota"),
                "余额不足以支付该请求，请到控制台充值。",
            ),
            "studio": (
                *(429, "insufficient_quota", "insufficient_quota"),
                "You exceeded your current quota, please check your plan and billing details",
            ),
        },
        our_code="credit_balance_exhausted",
        order={"amount": "0"},
    ),
    "unknown model": Row(
        {
            "baystone": (404, INVALID, "404", "Not Found：模型“gpt-9”不存在。"),
            "xidao": (404, "not_found", "model_not_found", "模型“gpt-9”不存在。"),
        },
        our_code="model_not_found",
        body={"model": "gpt-9"},
        param="model",
    ),
    "too often": Row(
        {
            "bigdog": (
                *(429, "rate_limit_error", "rate_limit_exceeded"),
                f"请求过于频繁：{PER_MINUTE}。",
            ),
            "baystone": (429, "rate_limit_error", "429", f"Too Many Requests：{PER_MINUTE}。"),
            "qingcheng": (
                *(429, "Too Many Requests", "rate_limit_exceeded"),
                f"请求频率超限：{PER_MINUTE}。",
            ),
            "xidao": (
                *(429, "rate_limit_exceeded", "rate_limit_exceeded"),
                f"已达到速率限制：{PER_MINUTE}。",
            ),
            "studio": (
                *(429, "rate_limit_error", "rate_limit_exceeded"),
                "Rate limit reached for requests",
            ),
        },
        our_code="rate_limit_exceeded",
        order={"key": {"requests_per_minute": 1}},
        times=4,  # a minute may begin in between
    ),
}
CASES = [(name, site) for name, row in ROWS.items() for site in row.told]


@pytest.fixture(scope="module")
def customers(deployment: Cluster) -> dict[tuple[str, str], Customer]:
    """One for each case."""
    orders = []
    for name, site in CASES:
        given = {key: value for key, value in ROWS[name].order.items() if key != "secret"}
        orders.append({"amount": "5.00", "site": site} | given)
    return dict(zip(CASES, deployment.cast(orders), strict=True))


@pytest.mark.parametrize(("name", "site"), CASES)
def test_a_row_of_the_page_is_answered_as_the_page_says(
    deployment: Cluster,
    wire: Wire,
    customers: dict[tuple[str, str], Customer],
    name: str,
    site: str,
) -> None:
    row = ROWS[name]
    secret = row.order.get("secret", customers[name, site].secret)
    body = chat(SOLD[site][0]) | row.body
    for _ in range(row.times):
        answer = wire.post(None, body, host=f"{site}.localhost", headers={"x-api-key": secret})
        if answer.status_code != 200:
            break
    status, kind, code, message = row.told[site]
    assert answer.status_code == status
    assert answer.json()["error"] == {
        "message": message,
        "type": kind,
        "param": row.param,
        "code": code,
    }
    assert (answer.headers.get("x-should-retry") == "false") is (name == "spent")
    if row.our_code:
        told, _ = await_refusal(deployment, answer.headers["x-request-id"])
        assert (told["code"], told["status"]) == (row.our_code, status)
