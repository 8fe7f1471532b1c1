"""Refusals as OpenAI's client sees them: the exception's type, its code and request id, and that
it does not knock again where knocking does not help."""

from typing import Any

import openai
import pytest

from tests.faults.calls import new_mark
from tests.faults.cluster import Cluster, Customer
from tests.scenarios.sdk import OpenClient
from tests.scenarios.wire import await_refusal, chat

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

RETRIES = 3


@pytest.fixture(scope="module")
def cast(deployment: Cluster) -> dict[str, Customer]:
    orders: dict[str, Any] = {
        "rich": {"amount": "5.00"},
        "zero": {"amount": "0"},
        "limited": {"amount": "5.00", "key": {"allowed_models": ["dear"]}},
        # Refusals of one key and cause within half a second are counted as one row, under the
        # first one's id: those whose row is looked up are nobody else's.
        "broke": {"amount": "0"},
        "barred": {"amount": "5.00", "key": {"allowed_models": ["dear"]}},
        "slow": {"amount": "5.00", "key": {"requests_per_minute": 1}},
        "budgeted": {"amount": "5.00", "key": {"budget_nanos": 1, "budget_period": "total"}},
        "forbidden": {"amount": "0", "site": "forbidding"},
        "quota": {"amount": "0", "site": "limiting"},
    }
    made = dict(zip(orders, deployment.cast(list(orders.values())), strict=True))
    return made | {"stranger": Customer("", "", "sk-nobody-has-this-one")}


def error_of(client: openai.OpenAI, body: dict[str, Any]) -> openai.APIStatusError:
    """The error of a call; the second one's where the first is let through by a limit of one."""
    for _ in range(3):  # a minute may end between two
        try:
            client.chat.completions.create(**body)
        except openai.APIStatusError as error:
            return error
    raise AssertionError("never refused")


@pytest.mark.parametrize(
    ("who", "body", "kind", "code", "param"),
    [
        ("stranger", chat("scripted"), openai.AuthenticationError, "invalid_api_key", None),
        ("limited", chat("scripted"), openai.PermissionDeniedError, "model_not_allowed", "model"),
        ("rich", chat("gpt-9"), openai.NotFoundError, "model_not_found", "model"),
        ("slow", chat("scripted"), openai.RateLimitError, "rate_limit_exceeded", None),
        (
            "rich",
            {"model": "scripted", "messages": []},
            openai.BadRequestError,
            "invalid_request",
            "messages",
        ),
        ("zero", chat("scripted"), openai.APIStatusError, "credit_balance_exhausted", None),
        (
            "rich",
            chat("single", "[[demo: fault=500]]"),
            openai.InternalServerError,
            "upstream_error",
            None,
        ),
    ],
)
def test_an_error_is_the_exception_that_programs_catch(
    open_client: OpenClient,
    cast: dict[str, Customer],
    who: str,
    body: dict[str, Any],
    kind: type[openai.APIStatusError],
    code: str,
    param: str | None,
) -> None:
    error = error_of(open_client(cast[who]), body)
    assert type(error) is kind
    assert (error.code, error.param) == (code, param)
    assert error.request_id is not None
    assert error.request_id == error.response.headers["x-request-id"]
    assert error.message.startswith(f"Error code: {error.status_code}")


@pytest.mark.parametrize(
    ("who", "host", "status", "code"),
    [
        ("broke", "127.0.0.1", 402, "credit_balance_exhausted"),
        ("budgeted", "127.0.0.1", 402, "key_budget_exceeded"),
        ("barred", "127.0.0.1", 403, "model_not_allowed"),
        ("forbidden", "forbidding.localhost", 403, "credit_balance_exhausted"),
        ("quota", "limiting.localhost", 429, "credit_balance_exhausted"),
    ],
)
def test_what_retrying_does_not_cure_is_asked_once_and_reaches_no_upstream(
    deployment: Cluster,
    open_client: OpenClient,
    cast: dict[str, Customer],
    who: str,
    host: str,
    status: int,
    code: str,
) -> None:
    sent: list[None] = []
    mark = new_mark()
    client = open_client(cast[who], host=host, max_retries=RETRIES, sent=lambda: sent.append(None))
    error = error_of(client, chat("scripted", user=mark))
    assert (error.status_code, error.code) == (status, code)
    assert len(sent) == 1
    assert error.request_id is not None
    told, _ = await_refusal(deployment, error.request_id)
    assert told["multiplier"] == 1
    assert not any(mark in str(call["body"]) for call in deployment.first.calls())


def test_an_upstreams_failure_is_asked_again(
    open_client: OpenClient, cast: dict[str, Customer]
) -> None:
    sent: list[None] = []
    client = open_client(cast["rich"], max_retries=1, sent=lambda: sent.append(None))
    prompt = "[[demo: fault=500 times=1 id=asked-again]]"
    answer = client.chat.completions.create(model="single", messages=chat("", prompt)["messages"])
    assert answer.choices[0].finish_reason == "stop"
    assert len(sent) == 2
