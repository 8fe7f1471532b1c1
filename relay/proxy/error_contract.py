"""A site's error contract: how each cause looks to its callers. Resolved once, when the snapshot
of the catalog is built; never per call. Pure: no files, no database."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from relay.proxy import messages
from relay.proxy.causes import KEY_CAUSES, NO_CREDIT_CAUSES, PERMISSION_CAUSES, Cause

# SDKs try these and every 5xx again (openai-python and anthropic-sdk-python, read 2026-11).
RETRIED_STATUSES = frozenset({408, 409, 429})
# Told to be final even though no SDK would retry them: clients of other makes might.
FINAL_STATUSES = frozenset({402, 403})
# No waiting cures these, whatever their status.
_HOPELESS = NO_CREDIT_CAUSES | {Cause.IDEMPOTENCY_NOT_KEPT}


@dataclass(frozen=True, slots=True)
class Override:
    """What a preset or a site says of one cause; None and a missing language leave it as it is."""

    status: int | None = None
    type: str | None = None
    code: str | None = None
    message: Mapping[str, str] = field(default_factory=dict)


Overrides = Mapping[Cause, Override]


@dataclass(frozen=True, slots=True)
class Appearance:
    """One cause as this site's callers see it. `texts` are by language."""

    status: int
    type: str
    code: str
    is_final: bool  # an SDK should not try again
    texts: Mapping[str, str]

    def message(self, language: str, detail: "str | messages.Detail") -> str:
        """The text in `language`, English where that is not one of ours."""
        return messages.fill(messages.pick(self.texts, language), language, detail)


@dataclass(frozen=True, slots=True)
class ErrorContract:
    """How every cause looks. Total: `of` knows each of them."""

    appearances: Mapping[Cause, Appearance] = field(repr=False)

    def of(self, cause: Cause) -> Appearance:
        """One cause's row."""
        return self.appearances[cause]

    def status(self, cause: Cause) -> int:
        """The HTTP status that a caller sees."""
        return self.appearances[cause].status


def resolve(layers: Iterable[Overrides]) -> ErrorContract:
    """The contract of a site; a later layer wins, field by field and language by language."""
    stacked = list(layers)
    return ErrorContract(
        {
            cause: _appearance(cause, [layer[cause] for layer in stacked if cause in layer])
            for cause in Cause
        }
    )


def _appearance(cause: Cause, overrides: list[Override]) -> Appearance:
    shape = cause.value
    status, kind, code = shape.status, shape.type, shape.code
    texts = messages.TEXTS[cause.name]
    for override in overrides:
        status = override.status or status
        kind = override.type or kind
        code = override.code or code
        texts = {**texts, **override.message}
    return Appearance(status, kind, code, _is_final(cause, status), texts)


def _is_retried(status: int) -> bool:
    return status in RETRIED_STATUSES or status >= 500


def _is_final(cause: Cause, status: int) -> bool:
    """Whether `x-should-retry: false` is sent: trying again cannot help, whatever the status."""
    may_pass = cause not in _HOPELESS and _is_retried(cause.value.status)
    return status in FINAL_STATUSES or (_is_retried(status) and not may_pass)


def no_credit(status: int | None) -> Overrides:
    """The layer of `Site.no_credit_status`; None changes nothing."""
    if status is None:
        return {}
    return {cause: Override(status=status) for cause in NO_CREDIT_CAUSES}


def check_status(cause: Cause, status: int) -> None:
    """Raise ValueError with the reason when `cause` must not be answered with `status`.

    401 means the key, 402 money, 403 a right, 429 a limit: clients act on these four, so no other
    cause may borrow them; an outage of ours must never look like a fault of the caller's.
    """
    allowed = _statuses(cause)
    if status not in allowed:
        raise ValueError(f"{cause.name} is answered with {_listed(allowed)}, not {status}")


_MEANINGFUL = frozenset({401, 402, 403, 429})
_CALLER_STATUSES = frozenset(range(400, 500)) - _MEANINGFUL
_SERVER_STATUSES = frozenset(range(500, 600))


def _statuses(cause: Cause) -> frozenset[int]:
    if cause in NO_CREDIT_CAUSES:
        return frozenset({402, 403, 429})
    if cause in KEY_CAUSES:
        return frozenset({400, 401, 403})
    if cause in PERMISSION_CAUSES:
        return frozenset({401, 403, 404})
    if cause is Cause.RATE_LIMIT:
        return frozenset({429, 503})
    return _SERVER_STATUSES if cause.value.status >= 500 else _CALLER_STATUSES


def _listed(statuses: frozenset[int]) -> str:
    if statuses == _SERVER_STATUSES:
        return "a status from 500 to 599"
    if statuses == _CALLER_STATUSES:
        return "a status from 400 to 499 other than 401, 402, 403 and 429"
    *most, last = sorted(statuses)
    return f"{', '.join(map(str, most))} or {last}"


def cause_named(name: str) -> Cause:
    """The cause of a preset's or a site's row; ValueError for an unknown one."""
    try:
        return Cause[name]
    except KeyError:
        raise ValueError(f"no cause {name!r} (known: {', '.join(Cause.__members__)})") from None


def from_plain(name: str, row: Mapping[str, Any]) -> tuple[Cause, Override]:
    """A row as it is stored (JSON); ValueError when this release cannot keep it."""
    cause = cause_named(name)
    override = Override(row.get("status"), row.get("type"), row.get("code"), row.get("message", {}))
    if override.status is not None:
        check_status(cause, override.status)
    return cause, override


DEFAULT = resolve([])
