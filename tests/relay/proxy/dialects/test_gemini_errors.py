"""Google's refusals in our words: what the caller can mend is named, and none of its text."""

from typing import Any

import msgspec
import pytest

from relay.proxy.causes import Cause
from relay.proxy.dialects.gemini.errors import caller_fault


def body(message: str, *details: dict[str, Any], status: str = "INVALID_ARGUMENT") -> bytes:
    """An error as Google words it."""
    error = {"code": 400, "message": message, "status": status, "details": details}
    return msgspec.json.encode({"error": error})


VIOLATION = {
    "@type": "type.googleapis.com/google.rpc.BadRequest",
    "fieldViolations": [{"field": "generation_config.temperature", "description": "secret"}],
}


@pytest.mark.parametrize(
    ("given", "cause", "param"),
    [
        (
            body("The input token count (9) exceeds the maximum number of tokens allowed (8)."),
            Cause.CONTEXT_LENGTH,
            None,
        ),
        (body("x", VIOLATION), Cause.UPSTREAM_REJECTED, "generation_config.temperature"),
        (
            body("* GenerateContentRequest.contents: contents is not specified\n"),
            Cause.UPSTREAM_REJECTED,
            "contents",
        ),
        (
            body("Invalid value at 'generation_config.top_k' (TYPE_INT32), \"secret\""),
            Cause.UPSTREAM_REJECTED,
            "generation_config.top_k",
        ),
        (
            body("Invalid JSON payload received. Unknown name \"foo\" at 'contents[0]': secret"),
            Cause.UPSTREAM_REJECTED,
            "contents[0].foo",
        ),
        (body("Request payload size exceeds the limit: 1 bytes."), Cause.TOO_LARGE, None),
        (body("Something else"), Cause.UPSTREAM_REJECTED, None),
        (b"[" + body("x", VIOLATION) + b"]", Cause.UPSTREAM_REJECTED, VIOLATION["fieldViolations"]),
        (b"[]", Cause.UPSTREAM_REJECTED, None),
        (b"<html>", Cause.UPSTREAM_REJECTED, None),
    ],
)
def test_what_the_caller_did_wrong(given: bytes, cause: Cause, param: Any) -> None:
    fault = caller_fault(given)
    assert fault is not None
    expected = param[0]["field"] if isinstance(param, list) else param
    assert (fault.cause, fault.param, fault.detail) == (cause, expected, "")


@pytest.mark.parametrize(
    "given",
    [
        body("API key not valid. Please pass a valid API key.", {"reason": "API_KEY_INVALID"}),
        body("API Key not found. Please pass a valid API key."),
        body("User location is not supported for the API use.", status="FAILED_PRECONDITION"),
    ],
)
def test_the_operators_troubles_are_not_the_callers(given: bytes) -> None:
    assert caller_fault(given) is None
