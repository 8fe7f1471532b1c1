"""The Upstream's events: their type by a look at the first bytes, their content only where money or
an error is in it. Pure; sound is never decoded.

Source: OpenAI API reference, "Realtime server events", read 2026-11, with the beta's names.
"""

import re

import msgspec

from relay.proxy.causes import Cause
from relay.proxy.dialect import Dialect
from relay.proxy.dialects.decoding import is_given
from relay.proxy.dialects.faults import caller_fault
from relay.proxy.errors import ApiError
from relay.proxy.estimate import ASCII_BYTES_PER_TOKEN, TOKEN_BYTES_MAX
from relay.proxy.realtime.context import G711_BYTES_PER_S, PCM_BYTES_PER_S, Context
from relay.proxy.realtime.usage import parse
from relay.proxy.types import Usage

_UNSET = msgspec.Raw(b"")
# OpenAI writes the type first, or after the event's id; others are decoded for it.
_TYPE = re.compile(rb'\s*\{\s*(?:"event_id"\s*:\s*"[^"\\]*"\s*,\s*)?"type"\s*:\s*"([a-z0-9_.]+)"')
_DELTA = re.compile(rb'"delta"\s*:\s*"([^"\\]*(?:\\.[^"\\]*)*)"', re.S)
_RESPONSE_ID = re.compile(rb'"response_id"\s*:\s*"([^"\\]*)"')
SOUND_DELTAS = frozenset(("response.audio.delta", "response.output_audio.delta"))
# Of our account with the vendor: nobody else's business.
HIDDEN = frozenset(("rate_limits.updated",))
_FORMATS = {
    "g711_ulaw": G711_BYTES_PER_S,
    "g711_alaw": G711_BYTES_PER_S,
    "audio/pcmu": G711_BYTES_PER_S,
    "audio/pcma": G711_BYTES_PER_S,
}


class _Typed(msgspec.Struct):
    type: str


class _Response(msgspec.Struct):
    id: str = ""
    status: str = ""
    usage: msgspec.Raw = _UNSET
    status_details: msgspec.Raw = _UNSET


class _WithResponse(msgspec.Struct):
    response: _Response


class _Format(msgspec.Struct):
    type: str = ""


class _Side(msgspec.Struct):
    format: _Format | None = None


class _Sound(msgspec.Struct):
    input: _Side | None = None
    output: _Side | None = None


class _Session(msgspec.Struct):
    input_audio_format: str | None = None
    output_audio_format: str | None = None
    audio: _Sound | None = None


class _WithSession(msgspec.Struct):
    session: _Session


class _Refusal(msgspec.Struct):
    type: str | None = None
    event_id: str | None = None


class _WithError(msgspec.Struct):
    error: _Refusal


_typed = msgspec.json.Decoder(_Typed)
_with_response = msgspec.json.Decoder(_WithResponse)
_with_session = msgspec.json.Decoder(_WithSession)
_with_error = msgspec.json.Decoder(_WithError)
_event = msgspec.json.Decoder(dict[str, msgspec.Raw])

ODD = (msgspec.DecodeError, RecursionError)


def type_of(message: bytes) -> str:
    """The event's type. Raises msgspec.DecodeError for what is no event."""
    found = _TYPE.match(message)
    return found[1].decode() if found is not None else _typed.decode(message).type


def response_id(message: bytes) -> str:
    """Whose delta it is."""
    found = _RESPONSE_ID.search(message)
    return found[1].decode(errors="replace") if found is not None else ""


def begun(message: bytes) -> str:
    """The id in response.created. Raises msgspec.DecodeError."""
    return _with_response.decode(message).response.id


def delta_tokens(kind: str, message: bytes, context: Context) -> tuple[int, int]:
    """Tokens of text and of sound that a delta hands on; at least one."""
    found = _DELTA.search(message)
    size = len(found[1]) if found is not None else 0
    if kind in SOUND_DELTAS:
        return 0, max(1, context.spoken(size))
    return (1 if size <= TOKEN_BYTES_MAX else size // ASCII_BYTES_PER_TOKEN), 0


class Done(msgspec.Struct, frozen=True):
    """What response.done says. `message` is fit for the client."""

    response_id: str
    status: str
    usage: Usage | None
    has_usage: bool
    message: bytes


def done(message: bytes) -> Done:
    """Read response.done; the vendor's words on a failure are left out. Raises DecodeError."""
    response = _with_response.decode(message).response
    if response.status == "failed" and is_given(response.status_details):
        event = _event.decode(message)
        inner = _event.decode(event["response"])
        failure = {"type": "server_error", "code": Cause.UPSTREAM_ERROR.value.code}
        inner["status_details"] = _raw({"type": "failed", "error": failure})
        message = msgspec.json.encode({**event, "response": inner})
    has_usage = is_given(response.usage)
    usage = parse(response.usage) if has_usage else None
    return Done(response.id, response.status, usage, has_usage, message)


def note_formats(message: bytes, context: Context) -> None:
    """Take from session.created or session.updated how many bytes a second of sound has."""
    try:
        session = _with_session.decode(message).session
    except ODD:
        return
    sound = session.audio or _Sound()
    taken = _format(session.input_audio_format, sound.input)
    given = _format(session.output_audio_format, sound.output)
    context.input_bytes_per_s = _FORMATS.get(taken, PCM_BYTES_PER_S)
    context.output_bytes_per_s = _FORMATS.get(given, PCM_BYTES_PER_S)


def refusal(message: bytes) -> tuple[ApiError, str | None]:
    """An `error` event in our words, and the client's name of the event that it is about."""
    try:
        told = _with_error.decode(message).error
    except ODD:
        return ApiError(Cause.UPSTREAM_ERROR), None
    fault = None
    if told.type == "invalid_request_error":
        fault = caller_fault(Dialect.CHAT, message)
    return fault or ApiError(Cause.UPSTREAM_ERROR), told.event_id


def _format(beta: str | None, side: _Side | None) -> str:
    if beta is not None:
        return beta
    return side.format.type if side is not None and side.format is not None else ""


def _raw(value: object) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))
