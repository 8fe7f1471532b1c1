"""`/v1/audio/transcriptions` and `/v1/audio/translations`: sound in, text out, whole or in events.

Source: OpenAI API reference, "Create transcription", "Create translation", read 2026-11.
"""

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from relay.proxy.answer_headers import Header
from relay.proxy.audio_length import HEAD_BYTES, TAIL_BYTES, seconds_of
from relay.proxy.dialects.decoding import NULL, is_given, wrong
from relay.proxy.endpoints.asked import AskedForm
from relay.proxy.endpoints.event_reader import Event, EventReader
from relay.proxy.endpoints.media import MediaRequest
from relay.proxy.endpoints.transcript_usage import SoundLength, TranscriptUsage
from relay.proxy.endpoints.uploads import demand_files, fields_of
from relay.proxy.estimate import DeliveredCounter, texts_of, tokens_of_bytes
from relay.proxy.exchange import Exchange
from relay.proxy.forms.form import Form
from relay.proxy.request import JSON_HEADERS, Demand, Measures, NotAnAnswer, Reader, Whole
from relay.proxy.types import Route, Usage

MEASURES: Measures = (("seconds",), ("input", "output"))
# A day of speech is about as long as a long novel: 1 MB.
TEXT_BYTES_MAX = 16_000_000

_END = "transcript.text.done"
_DELTA = texts_of("delta")
_PLAIN = (b"text/plain", b"text/vtt", b"application/x-subrip", b"text/srt")


class _Transcription(msgspec.Struct):
    model: str
    response_format: (
        Literal["json", "text", "srt", "verbose_json", "vtt", "diarized_json"] | None
    ) = None
    prompt: str | None = None
    language: Annotated[str, msgspec.Meta(max_length=32)] | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    stream: bool | None = None
    timestamp_granularities: list[Literal["word", "segment"]] | None = None


class _Translation(msgspec.Struct):
    model: str
    response_format: Literal["json", "text", "srt", "verbose_json", "vtt"] | None = None
    prompt: str | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None


class _Answer(msgspec.Struct):
    text: str
    # Raw takes any value, null too; msgspec does not combine it with None.
    usage: msgspec.Raw = NULL
    duration: msgspec.Raw = NULL
    error: msgspec.Raw = NULL


_answer = msgspec.json.Decoder(_Answer)


@dataclass(frozen=True, slots=True)
class TranscriptRequest(MediaRequest):
    """Implements `request.Request`."""

    used: TranscriptUsage

    def reader(self, route: Route, content_type: bytes) -> Reader:
        """See `Request.reader`. A model that can't stream answers in one piece (Whisper)."""
        if b"event-stream" in content_type:
            return EventReader(_END, self._told, _tokens_of)
        return self.in_one_piece(route, content_type, TEXT_BYTES_MAX)

    def stream_headers(self, content_type: bytes) -> tuple[Header, ...]:
        """See `Request.stream_headers`."""
        if any(kind in content_type for kind in _PLAIN):
            return ((b"content-type", content_type),)
        # Named in full, since slots make a class that `super()` does not know.
        return MediaRequest.stream_headers(self, content_type)

    def whole(self, route: Route, body: bytes, content_type: bytes) -> Whole:
        """See `Request.whole`."""
        if content_type.startswith(_PLAIN):
            used = self.used.counted(tokens_of_bytes(body))
            return Whole(body, used, ((b"content-type", content_type),))
        try:
            answer = _answer.decode(body)
        except (msgspec.DecodeError, RecursionError):
            raise NotAnAnswer("not_an_answer") from None
        if is_given(answer.error):
            raise NotAnAnswer("not_an_answer")
        shown = route.renaming.apply(body) if route.renaming is not None else body
        used = self.used.told(answer.usage) or self.used.counted(
            tokens_of_bytes(answer.text.encode()), said_s=_seconds(answer.duration)
        )
        return Whole(shown, used, JSON_HEADERS)

    def _told(self, ends: list[Event]) -> Usage | None:
        return self.used.told(ends[-1].usage)


def _tokens_of(kind: str, data: bytes) -> int:
    counter = DeliveredCounter(_DELTA)
    counter.add(data)
    return counter.tokens


def _seconds(raw: msgspec.Raw) -> float | None:
    """`duration` of verbose JSON: a number, which older versions put into a string."""
    try:
        return msgspec.convert(msgspec.json.decode(raw), float | None, strict=False)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return None


async def read_transcription(exchange: Exchange, form: Form) -> TranscriptRequest:
    """`/v1/audio/transcriptions`. Raises ApiError naming what is wrong."""
    looked = fields_of(form, _Transcription)
    granular = looked.timestamp_granularities
    if granular and looked.response_format != "verbose_json":
        raise wrong("timestamp_granularities", "needs 'response_format' to be verbose_json")
    return await _request(exchange, form, looked.model, is_stream=bool(looked.stream))


async def read_translation(exchange: Exchange, form: Form) -> TranscriptRequest:
    """`/v1/audio/translations`. Raises ApiError naming what is wrong."""
    looked = fields_of(form, _Translation)
    return await _request(exchange, form, looked.model, is_stream=False)


async def _request(
    exchange: Exchange, form: Form, model: str, *, is_stream: bool
) -> TranscriptRequest:
    if not model or not model.isprintable():
        raise wrong("model", "must be printable text")
    demand_files(form, "file")
    texts_bytes = form.text_bytes()
    used = TranscriptUsage(await _length(form), prompt_tokens_guess=math.ceil(texts_bytes / 4))
    return TranscriptRequest(
        endpoint=exchange.endpoint,
        model=model,
        asked=AskedForm(form),
        is_stream=is_stream,
        used=used,
        demand=Demand(
            input_tokens_bound=texts_bytes,
            input_tokens_guess=used.prompt_tokens_guess,
            output_tokens_asked=used.output_tokens_max,
            units=used.most(),
            units_guess=used.guess(),
            measures=MEASURES,
        ),
    )


async def _length(form: Form) -> SoundLength:
    (file,) = form.files("file")
    head = await form.read(file, 0, HEAD_BYTES)
    tail = await form.read(file, max(0, file.size_bytes - TAIL_BYTES), TAIL_BYTES)
    return SoundLength(file.size_bytes, seconds_of(head, tail, file.size_bytes))
