"""A vendor's refusal in our words: its code and parameter, never its text."""

import pytest

from relay.proxy.dialects.chat.errors import caller_fault
from relay.proxy.errors import ApiError, Cause


def seen(body: bytes) -> tuple[Cause, str | None]:
    """Cause and parameter of a refusal that is the caller's."""
    error = caller_fault(body)
    assert isinstance(error, ApiError)
    assert error.detail == ""
    return error.cause, error.param


@pytest.mark.parametrize(
    ("body", "cause", "param"),
    [
        (
            b'{"error":{"message":"too long","type":"invalid_request_error",'
            b'"param":"messages","code":"context_length_exceeded"}}',
            Cause.CONTEXT_LENGTH,
            "messages",
        ),
        (b'{"error":{"code":"content_policy_violation"}}', Cause.CONTENT_POLICY, None),
        (
            b'{"error":{"param":"tools[0].function","code":"invalid_function_parameters"}}',
            Cause.UPSTREAM_REJECTED,
            "tools[0].function",
        ),
        (
            b'{"object":"error","message":"This model\'s maximum context length is 8192 tokens",'
            b'"type":"BadRequestError","param":null,"code":400}',
            Cause.CONTEXT_LENGTH,
            None,
        ),
        (b'{"error":{"param":"key sk-123 is bad"}}', Cause.UPSTREAM_REJECTED, None),
        (b'{"error":"no"}', Cause.UPSTREAM_REJECTED, None),
        (b"<html>", Cause.UPSTREAM_REJECTED, None),
        (b"", Cause.UPSTREAM_REJECTED, None),
    ],
)
def test_the_callers_faults(body: bytes, cause: Cause, param: str | None) -> None:
    assert seen(body) == (cause, param)


@pytest.mark.parametrize(
    "body",
    [
        b'{"error":{"code":"billing_hard_limit_reached"}}',
        b'{"error":{"type":"insufficient_quota","code":null}}',
    ],
)
def test_the_operators_empty_account_is_not_the_callers_fault(body: bytes) -> None:
    assert caller_fault(body) is None
