"""Try an upstream out: list its models, or make a tiny call. For staff, off the hot path.

Answers say plainly what is wrong; they never contain the credential.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from itertools import islice
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from relay import upstream_dialects
from relay.models import Upstream
from relay.proxy.dialect import Dialect
from relay.proxy.wire import Kind, Wire, quirks_of, wire
from relay.upstream_requests import Answer, CheckFailed, send

# Model lists of aggregators have a few hundred names.
MODELS_MAX = 2_000
SAMPLE_CHARS_MAX = 200
ERROR_CHARS_MAX = 300
HIDDEN = "•••"
# Keys as vendors write them: a short prefix and a long run without spaces.
_KEY_LIKE = re.compile(r"\b(?:sk|pk|rk|key|AIza|xox[abp]|gsk|Bearer\s+)[-_.]?[A-Za-z0-9*_.-]{16,}")


@dataclass(frozen=True, slots=True)
class CheckResult:
    """How a try went. `status` is 0 when no answer came; `error` is empty when `ok`."""

    ok: bool
    status: int = 0
    latency_ms: int = 0
    model: str = ""
    sample: str = ""
    error: str = ""
    models: tuple[str, ...] = ()


def list_models(upstream: Upstream) -> CheckResult:
    """Ask the upstream for the models it offers, in its own way."""
    kind = Kind(upstream.dialect)

    def read(document: Any) -> CheckResult:
        found = islice(upstream_dialects.names(kind, document), MODELS_MAX)
        return CheckResult(
            ok=True, models=tuple(sorted({name[:SAMPLE_CHARS_MAX] for name in found}))
        )

    return _check(upstream, "GET", lambda _: upstream_dialects.LISTS[kind], None, read)


def call(upstream: Upstream, model: str) -> CheckResult:
    """An answer of a few tokens by one of the upstream's own model names, in the dialect that it
    is asked in. It costs what the vendor charges for it, and is not booked."""
    kind = Kind(upstream.dialect)
    asked = upstream_dialects.tiny_call(_spoken(upstream, kind), model)

    def read(document: Any) -> CheckResult:
        sample = _shown(asked.text(document), upstream, SAMPLE_CHARS_MAX)
        return CheckResult(ok=True, sample=sample)

    result = _check(
        upstream, "POST", lambda wire: wire.path(asked.operation, model), asked.question, read
    )
    return replace(result, model=model)


def _spoken(upstream: Upstream, kind: Kind) -> Dialect:
    try:
        return wire(kind, b"", quirks_of(upstream.quirks)).speaks[0]
    except ValueError:
        return Dialect.CHAT  # the request says what is wrong


def _check(
    upstream: Upstream,
    method: str,
    path: Callable[[Wire], str],
    question: Mapping[str, Any] | None,
    read: Callable[[Any], CheckResult],
) -> CheckResult:
    started_at = time.monotonic()
    try:
        answer = send(upstream, method, path, question)
    except CheckFailed as failure:
        return CheckResult(ok=False, latency_ms=_ms_since(started_at), error=str(failure))
    latency_ms = _ms_since(started_at)
    if answer.status != HTTPStatus.OK:
        error = _refusal(answer, upstream)
        return CheckResult(ok=False, status=answer.status, latency_ms=latency_ms, error=error)
    try:
        result = read(msgspec.json.decode(answer.body))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        # Whatever the vendor sent instead: its shape is all that went wrong.
        result = CheckResult(ok=False, error=_("The answer is not what such an API gives."))
    return replace(result, status=answer.status, latency_ms=latency_ms)


def _refusal(answer: Answer, upstream: Upstream) -> str:
    """What a status other than 200 means here, with the upstream's own words where it is safe."""
    said = meaning_of(answer.status)
    if answer.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return said  # vendors echo parts of the key in these, so theirs is not repeated
    message = _message(answer.body)
    return f"{said} {_shown(message, upstream, ERROR_CHARS_MAX)}" if message else said


def meaning_of(status: int) -> str:
    """What an upstream's status other than 200 says, in the reader's language."""
    match status:
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return _("The upstream refused the credential.")
        case HTTPStatus.PAYMENT_REQUIRED:
            return _("Our account at the upstream has no credit left.")
        case HTTPStatus.NOT_FOUND:
            return _("Not found: check the base URL and the model name.")
        case HTTPStatus.TOO_MANY_REQUESTS:
            return _("The upstream is limiting us, or our quota is spent.")
        case _other:
            return _("The upstream answered with status %(status)d.") % {"status": status}


def _message(body: bytes) -> str:
    """The message of an error body in the usual shape, or nothing."""
    try:
        return str(msgspec.json.decode(body)["error"]["message"])
    except (ValueError, LookupError, TypeError, RecursionError):
        return ""


def _shown(text: object, upstream: Upstream, chars_max: int) -> str:
    """Foreign text as one bounded line without our credential."""
    line = str(text)
    for _id, secret in upstream.secrets():
        line = line.replace(secret, HIDDEN)
    # A gateway behind it may tell of a key of its own.
    line = _KEY_LIKE.sub(HIDDEN, line)
    line = " ".join(line.split())
    return line if len(line) <= chars_max else line[: chars_max - 1] + "…"


def _ms_since(started_at: float) -> int:
    return round((time.monotonic() - started_at) * 1000)
