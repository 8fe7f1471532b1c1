"""Every way a Call can be refused or fail, and how each looks to the caller.

One table maps a cause to status, type and code (design, section 7); sites change the status of
the no-credit causes. Texts are in `messages`, in the site's language; codes never change.

    ApiError
      fault of the caller     BAD_REQUEST UNAUTHENTICATED … (4xx)
      fault of ours           INTERNAL GATE_UNAVAILABLE
      fault of the upstream   UPSTREAM_ERROR NO_UPSTREAM_AVAILABLE UPSTREAM_TIMEOUT
"""

from dataclasses import dataclass
from enum import Enum, unique

import msgspec

from relay.proxy import messages
from relay.proxy.types import Rates


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """How a cause looks on the wire. No two are equal, or the Enum would make them one cause."""

    status: int
    type: str
    code: str


@unique
class Cause(Enum):
    """Why a Call was refused or failed."""

    BAD_REQUEST = Shape(400, "invalid_request_error", "invalid_request")
    INVALID_JSON = Shape(400, "invalid_request_error", "invalid_json")
    MISSING_PARAMETER = Shape(400, "invalid_request_error", "missing_required_parameter")
    UPSTREAM_REJECTED = Shape(400, "invalid_request_error", "rejected_by_upstream")
    CONTEXT_LENGTH = Shape(400, "invalid_request_error", "context_length_exceeded")
    CONTENT_POLICY = Shape(400, "invalid_request_error", "content_policy_violation")
    UNSUPPORTED_BY_UPSTREAM = Shape(400, "invalid_request_error", "unsupported_parameter")
    NO_KEY = Shape(401, "authentication_error", "invalid_api_key")
    UNKNOWN_KEY = Shape(401, "authentication_error", "invalid_api_key")
    REVOKED_KEY = Shape(401, "authentication_error", "invalid_api_key")
    EXPIRED_KEY = Shape(401, "authentication_error", "invalid_api_key")
    NO_CREDIT = Shape(402, "insufficient_quota", "credit_balance_exhausted")
    KEY_BUDGET = Shape(402, "insufficient_quota", "key_budget_exceeded")
    ORGANIZATION_BUDGET = Shape(402, "insufficient_quota", "organization_budget_exceeded")
    KEY_DISABLED = Shape(403, "permission_error", "api_key_disabled")
    ORGANIZATION_SUSPENDED = Shape(403, "permission_error", "organization_suspended")
    ORGANIZATION_FROZEN = Shape(403, "permission_error", "organization_frozen")
    MODEL_NOT_ALLOWED = Shape(403, "permission_error", "model_not_allowed")
    ENDPOINT_NOT_ALLOWED = Shape(403, "permission_error", "endpoint_not_allowed")
    IP_NOT_ALLOWED = Shape(403, "permission_error", "ip_not_allowed")
    MODEL_NOT_FOUND = Shape(404, "invalid_request_error", "model_not_found")
    ENDPOINT_NOT_SUPPORTED = Shape(404, "invalid_request_error", "endpoint_not_supported")
    NOT_FOUND = Shape(404, "invalid_request_error", "not_found")
    METHOD_NOT_ALLOWED = Shape(405, "invalid_request_error", "method_not_allowed")
    CLIENT_TIMEOUT = Shape(408, "invalid_request_error", "request_timeout")
    IDEMPOTENCY_CONFLICT = Shape(409, "invalid_request_error", "idempotency_conflict")
    TOO_LARGE = Shape(413, "invalid_request_error", "request_too_large")
    ENCODING = Shape(415, "invalid_request_error", "unsupported_content_encoding")
    MISDIRECTED = Shape(421, "invalid_request_error", "unknown_host")
    IDEMPOTENCY_MISMATCH = Shape(422, "invalid_request_error", "idempotency_mismatch")
    RATE_LIMIT = Shape(429, "rate_limit_error", "rate_limit_exceeded")
    INTERNAL = Shape(500, "server_error", "internal_error")
    UPSTREAM_ERROR = Shape(502, "server_error", "upstream_error")
    NO_UPSTREAM_AVAILABLE = Shape(503, "server_error", "no_upstream_available")
    GATE_UNAVAILABLE = Shape(503, "server_error", "gate_unavailable")
    UPSTREAM_TIMEOUT = Shape(504, "server_error", "upstream_timeout")


# What a site may answer with 402, 403 or 429 (Site.no_credit_status).
NO_CREDIT_CAUSES = frozenset({Cause.NO_CREDIT, Cause.KEY_BUDGET, Cause.ORGANIZATION_BUDGET})
# SDKs retry 429 and 5xx; these will not get better by trying again.
FINAL_STATUSES = frozenset({402, 403})


@dataclass(eq=False, slots=True)
class ApiError(Exception):
    """A Call's refusal or failure, before it is put into words and a dialect."""

    cause: Cause
    param: str | None = None
    detail: str = ""  # fills {detail} of the message; never an upstream's own text
    rule: str = ""  # for the dashboard: which limit fired, e.g. "requests_per_minute 60 (key)"
    retry_after_s: int | None = None
    rates: Rates | None = None  # where the gate was asked

    def __str__(self) -> str:
        return self.cause.value.code

    def status_for(self, no_credit_status: int) -> int:
        """The HTTP status on a site that answers spent balances with `no_credit_status`."""
        return no_credit_status if self.cause in NO_CREDIT_CAUSES else self.cause.value.status

    def is_final(self, status: int) -> bool:
        """Whether an SDK should be told not to retry."""
        return status in FINAL_STATUSES or self.cause in NO_CREDIT_CAUSES

    def body(self, language: str, *, text: str | None = None) -> bytes:
        """The error in the OpenAI shape, in `language`; `text` names another message."""
        shape = self.cause.value
        return msgspec.json.encode(
            {
                "error": {
                    "message": messages.text(text or self.cause.name, language, self.detail),
                    "type": shape.type,
                    "param": self.param,
                    "code": shape.code,
                }
            }
        )
