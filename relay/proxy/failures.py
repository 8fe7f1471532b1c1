"""What an Upstream's failure says: whose fault it is, what the client is told, how long to wait."""

from email.utils import parsedate_to_datetime
from enum import Enum

from relay.proxy.dialect import Dialect
from relay.proxy.dialects.faults import caller_fault
from relay.proxy.errors import ApiError, Cause
from relay.proxy.upstream.errors import (
    AddressRefused,
    BodyTooLarge,
    PoolTimeout,
    ResponseClosed,
    UploadFailed,
    UpstreamError,
)
from relay.proxy.upstream.port import UpstreamResponse

# An upstream's error body is only looked at for `code` and `param`.
ERROR_BYTES_MAX = 64_000

# The vendor's own judgement of the request: another Route would say the same.
CALLER_FAULTS = frozenset({400, 413, 422})
# The vendor's judgement of our credential: another one may do.
CREDENTIAL_REFUSED = frozenset({401, 402, 403})
LIMITED = 429
# Asked to come back later (529 is Anthropic's "overloaded"; its errors page, read 2026-11).
BUSY = frozenset({429, 503, 529})

# Ours, or a matter of configuration: no sign that the Upstream is ill.
_NOT_ITS_FAULT = (PoolTimeout, AddressRefused, BodyTooLarge, ResponseClosed, UploadFailed)


class Blame(Enum):
    """Whom a failed attempt speaks against."""

    NOBODY = 0
    UPSTREAM = 1
    CREDENTIAL = 2


class Failed(Exception):
    """One attempt came to nothing; the next Route may be tried, but not where it is `final`."""

    def __init__(
        self,
        code: str,
        *,
        status: int = 0,
        cause: Cause = Cause.UPSTREAM_ERROR,
        final: ApiError | None = None,
        error: ApiError | None = None,
        blame: Blame = Blame.UPSTREAM,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.status = status
        self.cause = cause
        self.final = final
        self.error = error  # what to tell if nobody else does better
        self.blame = blame
        self.retry_after_s = retry_after_s


async def of_response(response: UpstreamResponse, dialect: Dialect, now: float) -> Failed:
    """What an answer without success means; `now` is Unix seconds."""
    status = response.status
    if status in CALLER_FAULTS:
        error = caller_fault(dialect, await _error_bytes(response))
        if error is not None:
            code = error.cause.value.code
            return Failed(code, status=status, final=error, blame=Blame.NOBODY)
    blame = Blame.UPSTREAM if status >= 500 else Blame.NOBODY
    if status in CREDENTIAL_REFUSED or status in CALLER_FAULTS or status == LIMITED:
        blame = Blame.CREDENTIAL
    wait_s = None
    if blame is not Blame.NOBODY:
        wait_s = retry_after(response.header(b"retry-after"), now)
    cause = Cause.NO_UPSTREAM_AVAILABLE if status in BUSY else Cause.UPSTREAM_ERROR
    return Failed(f"status_{status}", status=status, cause=cause, blame=blame, retry_after_s=wait_s)


def of_connection(error: UpstreamError) -> Failed:
    """What the absence of a proper answer means."""
    blame = Blame.NOBODY if isinstance(error, _NOT_ITS_FAULT) else Blame.UPSTREAM
    return Failed(type(error).__name__, blame=blame)


def retry_after(value: bytes | None, now: float) -> float | None:
    """Seconds from `now` (Unix): a number, or an HTTP-date (RFC 9110, 10.2.3). None: not told."""
    if value is None or len(value) > 64:
        return None
    if value.isdigit():
        return float(value) if len(value) < 7 else None
    try:
        at = parsedate_to_datetime(value.decode("ascii")).timestamp()
    except (ValueError, UnicodeDecodeError, OverflowError):
        return None
    return max(0.0, at - now)


async def _error_bytes(response: UpstreamResponse) -> bytes:
    try:
        return await response.read(ERROR_BYTES_MAX)
    except BodyTooLarge:
        return b""  # a page rather than an error object: the status says enough
