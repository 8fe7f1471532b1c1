"""The attempts of a Call that was made, with the reason why each ended as it did and what came
next. Reads the record; asks no upstream."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from billing.models import UsageRecord
from relay import upstream_health
from relay.proxy.failures import CALLER_FAULTS
from relay.proxy.routing import ATTEMPTS_MAX


@dataclass(frozen=True, slots=True)
class Step:
    """One attempt: `reason` says how it ended, `then` what that led to."""

    upstream: str
    status: int
    code: str
    latency_ms: int
    cost_nanos: int
    reason: str
    then: str


def steps(record: UsageRecord) -> Sequence[Step]:
    """The attempts in order, in the reader's language."""
    last = len(record.attempts)
    return [
        Step(
            upstream=each["upstream"],
            status=each["status"],
            code=each["code"],
            latency_ms=each["latency_ms"],
            cost_nanos=each.get("cost_nanos", 0),
            reason=reason_of(each["code"]),
            then=_end_of(record, each) if number == last else _("The next route was asked."),
        )
        for number, each in enumerate(record.attempts, start=1)
    ]


def reason_of(code: str) -> str:
    """How an attempt with this code ended."""
    match code:
        case "":
            return _("It answered.")
        case "AddressRefused":
            return _("Its address is private, and no setting allows that network.")
        case "PoolTimeout":
            return _("Every connection that we may have there was in use.")
        case "BodyTooLarge":
            return _("The answer was longer than we read.")
        case "UploadFailed":
            return _("The upload broke off before it was sent.")
        case _other if _is_about_the_request(code):
            return _("It does not take such a request (%(code)s).") % {"code": code}
    return upstream_health.worded(code)


def _end_of(record: UsageRecord, attempt: Mapping[str, Any]) -> str:
    """What the last attempt led to."""
    if not attempt["code"]:
        if record.ending == UsageRecord.Ending.COMPLETED:
            return _("Its answer went to the caller.")
        ended = record.Ending(record.ending).label
        return _("Its answer began to go to the caller, and ended so: %(ended)s") % {"ended": ended}
    if attempt["status"] in CALLER_FAULTS:
        return _("The request itself was refused: no other route would take it either.")
    if len(record.attempts) >= ATTEMPTS_MAX:
        return _("The call ended: it had been tried as often as one is.")
    return _("The call ended: no further route could be asked, or its time was up.")


def _is_about_the_request(code: str) -> bool:
    """Whether this is one of our own causes: they are words with underscores."""
    return code.islower() and "_" in code and not code.startswith("status_") and not _is_known(code)


def _is_known(code: str) -> bool:
    return code in upstream_health.NO_ANSWER
