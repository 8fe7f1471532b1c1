"""Anthropic's refusals in our words."""

import msgspec
import pytest

from relay.proxy.causes import Cause
from relay.proxy.dialects.messages.errors import caller_fault


def fault(message: str, kind: str = "invalid_request_error") -> tuple[Cause, str | None] | None:
    body = {"type": "error", "error": {"type": kind, "message": message}, "request_id": "req_x"}
    found = caller_fault(msgspec.json.encode(body))
    assert found is None or found.detail == ""
    return None if found is None else (found.cause, found.param)


@pytest.mark.parametrize(
    ("message", "cause", "param"),
    [
        ("prompt is too long: 207791 tokens > 200000 maximum", Cause.CONTEXT_LENGTH, None),
        (
            "input length and `max_tokens` exceed context limit: 178959 + 64000 > 200000, "
            "decrease input length or `max_tokens` and try again",
            Cause.CONTEXT_LENGTH,
            None,
        ),
        ("Output blocked by content filtering policy", Cause.CONTENT_POLICY, None),
        ("max_tokens: 99 > 9, which is the maximum", Cause.UPSTREAM_REJECTED, "max_tokens"),
        (
            "messages.0.content.12.image.source: Field required",
            Cause.UPSTREAM_REJECTED,
            "messages[0].content[12].image.source",
        ),
        ("secret: never shown", Cause.UPSTREAM_REJECTED, None),
        ("", Cause.UPSTREAM_REJECTED, None),
    ],
)
def test_messages_tell_cause_and_parameter(message: str, cause: Cause, param: str | None) -> None:
    assert fault(message) == (cause, param)


def test_a_request_that_is_too_large() -> None:
    assert fault("x", "request_too_large") == (Cause.TOO_LARGE, None)


def test_an_account_without_credit_is_not_the_callers_fault() -> None:
    assert fault("Your credit balance is too low to access the Anthropic API.") is None


@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"error":"x"}', b'{"error":{}}'])
def test_other_bodies_tell_nothing(body: bytes) -> None:
    found = caller_fault(body)
    assert found is not None
    assert (found.cause, found.param) == (Cause.UPSTREAM_REJECTED, None)
