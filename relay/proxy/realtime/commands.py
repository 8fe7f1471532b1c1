"""A client's events: what they are, what they add to the session, what may not go on. Pure.

Source: OpenAI API reference, "Realtime client events", read 2026-11, in the names of the released
API and of the beta. What is not known here passes through: the Upstream judges it.
"""

from dataclasses import dataclass

import msgspec

from relay.proxy.dialects.decoding import is_given, read, wrong
from relay.proxy.estimate import tokens_of_bytes
from relay.proxy.realtime.context import IMAGE_TOKENS, Context, Load

_UNSET = msgspec.Raw(b"")


class _Command(msgspec.Struct):
    type: str
    event_id: str | None = None
    # Raw: sound is megabytes, and only its length matters.
    audio: msgspec.Raw = _UNSET
    session: msgspec.Raw = _UNSET
    item: msgspec.Raw = _UNSET
    response: msgspec.Raw = _UNSET


class _Part(msgspec.Struct):
    type: str = ""
    audio: msgspec.Raw = _UNSET
    image_url: msgspec.Raw = _UNSET


class _Item(msgspec.Struct):
    content: list[_Part] = []


class _Named(msgspec.Struct):
    event_id: str | None = None


class _Audio(msgspec.Struct):
    input: dict[str, msgspec.Raw] | None = None


_command = msgspec.json.Decoder(_Command)
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])
_item = msgspec.json.Decoder(_Item)
_audio = msgspec.json.Decoder(_Audio)
_named = msgspec.json.Decoder(_Named)


@dataclass(frozen=True, slots=True)
class Command:
    """One event, ready to be sent on as `message`."""

    type: str
    event_id: str | None
    message: bytes


def event_id_of(message: bytes) -> str | None:
    """The client's own name of an event that is refused, where it can be read."""
    try:
        return _named.decode(message).event_id
    except (msgspec.DecodeError, RecursionError):
        return None


def take(message: bytes, context: Context, *, model: str, upstream_model: str) -> Command:
    """Read an event and count it into `context`. Raises ApiError for what may not go on.

    Transcripts of what came in are billed apart by the vendor, by another model: not for sale yet.
    """
    given = read(_command, message)
    if is_given(given.session):
        session = _checked(given.session, model, upstream_model)
        context.settings = tokens_of_bytes(session)
        # Written anew, so that a name that was given twice is read alike by everybody.
        again = {"type": given.type, "session": msgspec.Raw(session)}
        if given.event_id is not None:
            again["event_id"] = given.event_id
        message = msgspec.json.encode(again)
    if given.type == "input_audio_buffer.append":
        context.hear(len(bytes(given.audio)))
    if is_given(given.item):
        context.since.add(_load(given.item, context))
    if is_given(given.response):
        context.since.text += tokens_of_bytes(bytes(given.response))
    return Command(given.type, given.event_id, message)


def _checked(raw: msgspec.Raw, model: str, upstream_model: str) -> bytes:
    """The session's settings with the Upstream's name of the model."""
    session = read(_fields, bytes(raw))
    changed = dict(session)
    if "model" in session:
        if bytes(session["model"]) != msgspec.json.encode(model):
            raise wrong("session.model", f"must be one of '{model}'")
        changed["model"] = msgspec.Raw(msgspec.json.encode(upstream_model))
    if "type" in session and bytes(session["type"]) != b'"realtime"':
        raise wrong("session.type", "must be one of 'realtime'")
    if is_given(session.get("input_audio_transcription", _UNSET)):
        raise wrong("session.input_audio_transcription", "is not supported for this model")
    if is_given(sound := session.get("audio", _UNSET)):
        transcription = (read(_audio, bytes(sound)).input or {}).get("transcription", _UNSET)
        if is_given(transcription):
            raise wrong("session.audio.input.transcription", "is not supported for this model")
    return msgspec.json.encode(changed)


def _load(raw: msgspec.Raw, context: Context) -> Load:
    """About what an item is worth. An odd one is the Upstream's to refuse."""
    data = bytes(raw)
    try:
        parts = _item.decode(data).content
    except (msgspec.DecodeError, RecursionError):
        parts = []
    sound = sum(len(bytes(part.audio)) for part in parts)
    pictures = [part for part in parts if is_given(part.image_url)]
    other = sound + sum(len(bytes(part.image_url)) for part in pictures)
    # The text's share of the JSON, which over-counts by its braces.
    load = Load(text=max(1, (len(data) - other) // 3), image=IMAGE_TOKENS * len(pictures))
    if sound:
        load.audio = context.heard(sound)
    return load
