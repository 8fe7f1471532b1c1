"""Every way a Call can be refused or fail, with the status, type and code that it has by default.

One table (design, section 7); a site's error contract may change any row (`error_contract`).

    fault of the caller     BAD_REQUEST UNAUTHENTICATED … (4xx)
    fault of ours           INTERNAL GATE_UNAVAILABLE
    fault of the upstream   UPSTREAM_ERROR NO_UPSTREAM_AVAILABLE UPSTREAM_TIMEOUT STREAM_CUT
"""

from dataclasses import dataclass
from enum import Enum, unique


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
    SITE_SUSPENDED = Shape(403, "permission_error", "site_suspended")
    MODEL_NOT_ALLOWED = Shape(403, "permission_error", "model_not_allowed")
    ENDPOINT_NOT_ALLOWED = Shape(403, "permission_error", "endpoint_not_allowed")
    IP_NOT_ALLOWED = Shape(403, "permission_error", "ip_not_allowed")
    MODEL_NOT_FOUND = Shape(404, "invalid_request_error", "model_not_found")
    ENDPOINT_NOT_SUPPORTED = Shape(404, "invalid_request_error", "endpoint_not_supported")
    NOT_FOUND = Shape(404, "invalid_request_error", "not_found")
    OBJECT_NOT_FOUND = Shape(404, "invalid_request_error", "not_found")
    METHOD_NOT_ALLOWED = Shape(405, "invalid_request_error", "method_not_allowed")
    CLIENT_TIMEOUT = Shape(408, "invalid_request_error", "request_timeout")
    IDEMPOTENCY_CONFLICT = Shape(409, "invalid_request_error", "idempotency_conflict")
    IDEMPOTENCY_NOT_KEPT = Shape(409, "invalid_request_error", "idempotency_answer_not_kept")
    TOO_LARGE = Shape(413, "invalid_request_error", "request_too_large")
    ENCODING = Shape(415, "invalid_request_error", "unsupported_content_encoding")
    MISDIRECTED = Shape(421, "invalid_request_error", "unknown_host")
    IDEMPOTENCY_MISMATCH = Shape(422, "invalid_request_error", "idempotency_mismatch")
    RATE_LIMIT = Shape(429, "rate_limit_error", "rate_limit_exceeded")
    INTERNAL = Shape(500, "server_error", "internal_error")
    UPSTREAM_ERROR = Shape(502, "server_error", "upstream_error")
    STREAM_CUT = Shape(502, "server_error", "upstream_error")  # after the first byte
    NO_UPSTREAM_AVAILABLE = Shape(503, "server_error", "no_upstream_available")
    GATE_UNAVAILABLE = Shape(503, "server_error", "gate_unavailable")
    UPSTREAM_TIMEOUT = Shape(504, "server_error", "upstream_timeout")


# A spent balance or budget: what `Site.no_credit_status` sets the status of.
NO_CREDIT_CAUSES = frozenset({Cause.NO_CREDIT, Cause.KEY_BUDGET, Cause.ORGANIZATION_BUDGET})
KEY_CAUSES = frozenset({Cause.NO_KEY, Cause.UNKNOWN_KEY, Cause.REVOKED_KEY, Cause.EXPIRED_KEY})
PERMISSION_CAUSES = frozenset(cause for cause in Cause if cause.value.type == "permission_error")
