"""Every way to be refused, as a table: who asks for what, and what the answer must be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.scenarios.wire import chat

Body = dict[str, Any] | bytes
HELLO: Body = chat("scripted")
DISABLE = "UPDATE accounts_apikey SET is_active = false WHERE id = %(key)s"
REVOKE = "UPDATE accounts_apikey SET revoked_at = now() WHERE id = %(key)s"
SUSPEND = "UPDATE accounts_organization SET is_active = false WHERE id = %(organization)s"


@dataclass(frozen=True, slots=True)
class Case:
    """One refusal. `order` makes the customer, `sql` then changes it, `body` is refused.

    `is_episode`: refusals of this kind form a BlockEpisode; `by_key`, `by_model` tell whose.
    """

    status: int
    type: str
    code: str
    message: str
    rule: str = ""
    param: str | None = None
    body: Body = field(default_factory=lambda: HELLO)
    order: Mapping[str, Any] = field(default_factory=dict)
    sql: str = ""
    host: str = "127.0.0.1"
    is_final: bool = False  # x-should-retry: false
    is_episode: bool = True
    by_key: bool = False
    by_model: bool = False


def _no_credit(status: int, message: str, site: str = "") -> Case:
    return Case(
        status,
        "insufficient_quota",
        "credit_balance_exhausted",
        message,
        rule="credit_balance_exhausted",
        order={"amount": "0"} | ({"site": site} if site else {}),
        host=f"{site}.localhost" if site else "127.0.0.1",
        is_final=True,
    )


def _bad_request(code: str, message: str, param: str | None, body: Body) -> Case:
    return Case(
        400, "invalid_request_error", code, message, param=param, body=body, is_episode=False
    )


def _forbidden(code: str, message: str, **more: Any) -> Case:
    return Case(403, "permission_error", code, message, is_final=True, **more)


def _bad_key(message: str, rule: str, **more: Any) -> Case:
    return Case(
        401, "authentication_error", "invalid_api_key", message, rule=rule, by_key=True, **more
    )


CASES = {
    "no credit": _no_credit(
        402, "Your balance does not cover this request. Top up in the dashboard."
    ),
    "no credit, 403 site": _no_credit(403, "余额不足以支付该请求，请到控制台充值。", "forbidding"),
    "no credit, 429 site": _no_credit(429, "餘額不足以支付此請求，請到控制台儲值。", "limiting"),
    "key budget": Case(
        402,
        "insufficient_quota",
        "key_budget_exceeded",
        "This API key's budget is spent.",
        rule="key_budget_exceeded",
        order={"key": {"budget_nanos": 1_000, "budget_period": "total"}},
        is_final=True,
        by_key=True,
    ),
    "revoked key": _bad_key("This API key has been revoked.", "revoked", sql=REVOKE),
    "expired key": _bad_key(
        "This API key has expired.",
        "expired",
        order={"key": {"expires_at": "2020-01-01T00:00:00Z"}},
    ),
    "disabled key": _forbidden(
        "api_key_disabled", "This API key is disabled.", rule="disabled", sql=DISABLE, by_key=True
    ),
    "suspended organization": _forbidden(
        "organization_suspended",
        "This organization is suspended. Contact support.",
        rule="suspended",
        sql=SUSPEND,
    ),
    "suspended organization, Chinese site": _forbidden(
        "organization_suspended",
        "该组织已被暂停，请联系客服。",
        rule="suspended",
        sql=SUSPEND,
        order={"site": "forbidding"},
        host="forbidding.localhost",
    ),
    "model not allowed": _forbidden(
        "model_not_allowed",
        "This API key may not use the model 'scripted'.",
        rule="models of the key",
        param="model",
        order={"key": {"allowed_models": ["dear"]}},
        by_key=True,
        by_model=True,
    ),
    "unknown model": Case(
        404,
        "invalid_request_error",
        "model_not_found",
        "The model 'gpt-9' does not exist.",
        param="model",
        body=chat("gpt-9"),
        is_episode=False,
    ),
    "model of another site": Case(
        404,
        "invalid_request_error",
        "model_not_found",
        "模型“scripted”不存在。",
        param="model",
        body=chat("scripted"),
        order={"site": "bigdog"},
        host="bigdog.localhost",
        is_episode=False,
    ),
    "no JSON": _bad_request(
        "invalid_json", "The request body is not valid JSON.", None, b'{"model": "scripted", '
    ),
    "no messages": _bad_request(
        "missing_required_parameter",
        "Missing required parameter: 'messages'.",
        "messages",
        {"model": "scripted"},
    ),
    "no model": _bad_request(
        "missing_required_parameter",
        "Missing required parameter: 'model'.",
        "model",
        {"messages": []},
    ),
    "wrong type": _bad_request(
        "invalid_request",
        "Invalid request: 'stream': expected bool | null, got str",
        "stream",
        chat("scripted", stream="yes"),
    ),
    "too large": Case(
        413,
        "invalid_request_error",
        "request_too_large",
        "The request body is larger than 200000 bytes.",
        body=chat("scripted", "x" * 200_000),
        is_episode=False,
    ),
}
