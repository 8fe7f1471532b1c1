"""A video job as customers see it: the Upstream's, under our id, with nothing but known fields.

Source: OpenAI API reference, "The video job object"; resellers' `videos/generations` calls
`seconds` `duration` and the id `task_id`. Read 2026-11.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from relay.proxy.objects import ObjectState

# An upstream's job is a page of JSON at most; prompts are bounded by vendors at 32,000 characters.
JOB_BYTES_MAX = 1_000_000
ID_CHARS_MAX = 200

_ENDED = {
    "completed": ObjectState.COMPLETED,
    "succeeded": ObjectState.COMPLETED,
    "success": ObjectState.COMPLETED,
    "failed": ObjectState.FAILED,
    "error": ObjectState.FAILED,
    "cancelled": ObjectState.FAILED,
    "canceled": ObjectState.FAILED,
    "rejected": ObjectState.FAILED,
    "expired": ObjectState.EXPIRED,
}
# What goes on as it is: everything else an upstream may say is its own.
_SHOWN = (
    *("object", "created_at", "completed_at", "expires_at", "progress", "prompt"),
    *("seconds", "duration", "size", "status"),
)
# Codes that a customer can act on; all others are one (OpenAI, "Video errors", read 2026-11).
_CODES = frozenset({"moderation_blocked", "content_policy_violation", "input_moderation"})
_FAILED_CODE = "video_generation_failed"
_FAILED_TEXT = "The video could not be made. You were not charged."

_decode = msgspec.json.Decoder(dict[str, Any]).decode


class NotAJob(ValueError):
    """What came is no video job."""


def read(body: bytes) -> dict[str, Any]:
    """An upstream's job. Raises NotAJob."""
    try:
        job = _decode(body)
    except (msgspec.DecodeError, RecursionError):
        raise NotAJob from None
    if not upstream_id(job):
        raise NotAJob
    return job


def upstream_id(job: Mapping[str, Any]) -> str:
    """The upstream's own id; "" without one that can stand in a path."""
    found = job.get("id") or job.get("task_id")
    is_usable = isinstance(found, str) and found.isprintable() and len(found) <= ID_CHARS_MAX
    return str(found) if is_usable else ""


def state_of(job: Mapping[str, Any]) -> ObjectState:
    """How far it is; a word that we don't know is no end."""
    return _ENDED.get(str(job.get("status", "")).lower(), ObjectState.PENDING)


def seconds_of(job: Mapping[str, Any]) -> int | None:
    """How long the video is, where the upstream says it in a way that makes sense."""
    told = job.get("seconds", job.get("duration"))
    text = str(told) if isinstance(told, str | int) and not isinstance(told, bool) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 7 else None


def shown(job: Mapping[str, Any], *, public_id: str, model: str) -> bytes:
    """The job for its owner."""
    document: dict[str, Any] = {"id": public_id, "object": "video"}
    document |= {name: job[name] for name in _SHOWN if name in job}
    document["model"] = model
    document["error"] = _error(job) if state_of(job) is ObjectState.FAILED else None
    return msgspec.json.encode(document)


def _error(job: Mapping[str, Any]) -> dict[str, str]:
    """Never the upstream's own words."""
    given = job.get("error")
    code = given.get("code") if isinstance(given, dict) else None
    return {"code": code if code in _CODES else _FAILED_CODE, "message": _FAILED_TEXT}


def expired(document: bytes) -> bytes:
    """The job as its owner sees it once nobody waits for it any more."""
    job = _decode(document) | {"status": "failed"}
    job["error"] = {"code": _FAILED_CODE, "message": _FAILED_TEXT}
    return msgspec.json.encode(job)
