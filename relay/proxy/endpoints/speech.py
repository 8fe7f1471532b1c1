"""`/v1/audio/speech`: text in, sound out, as bytes or as events. Characters are counted by us.

Source: OpenAI API reference, "Create speech", and the guide "Text to speech", read 2026-11.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec

from relay.proxy import json_objects
from relay.proxy.answer_headers import Header
from relay.proxy.dialects.decoding import read, wrong
from relay.proxy.endpoints.asked import AskedJson
from relay.proxy.endpoints.event_reader import Event, EventReader
from relay.proxy.endpoints.media import MediaRequest
from relay.proxy.endpoints.sound_reader import SoundReader
from relay.proxy.estimate import tokens_of_bytes
from relay.proxy.exchange import Exchange
from relay.proxy.request import SSE_HEADERS, Demand, Measures, NotAnAnswer, Reader
from relay.proxy.types import Route, Usage

CHARACTERS_MAX = 4_096
MEASURES: Measures = (("characters",), ("input", "output"))
_END = "speech.audio.done"

# About 21 tokens of sound a second, and 14 letters or 4 Chinese characters spoken in one.
_TOKENS_PER_LETTER, _TOKENS_PER_OTHER = 1.5, 5.0
# Silence, a slow voice: a Hold must cover them too.
_TOKENS_PER_CHARACTER_MAX, _TOKENS_MIN = 10, 100
# How much sound is about a token: 128 kbit/s.
_BYTES_PER_TOKEN = 800
_SOUND = re.compile(rb"(?:audio/[a-z0-9.+-]{1,40}|application/octet-stream)(?:\s*;[ -~]{0,60})?")
# Bytes that a character comes to at each format's usual rate; only for a sound that broke off.
_BYTES_PER_CHARACTER: Mapping[str, int] = {
    **{"mp3": 1_000, "aac": 1_000, "opus": 500},
    **{"flac": 1_600, "wav": 3_200, "pcm": 3_200},
}


class _Speech(msgspec.Struct):
    model: str
    input: Annotated[str, msgspec.Meta(min_length=1, max_length=CHARACTERS_MAX)]
    voice: str | dict[str, msgspec.Raw]
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] | None = None
    speed: Annotated[float, msgspec.Meta(ge=0.25, le=4)] | None = None
    stream_format: Literal["audio", "sse"] | None = None
    instructions: str | None = None


class _Usage(msgspec.Struct):
    input_tokens: int
    output_tokens: int


_speech = msgspec.json.Decoder(_Speech)
_usage = msgspec.json.Decoder(_Usage)


@dataclass(frozen=True, slots=True)
class SpeechRequest(MediaRequest):
    """Implements `request.Request`."""

    characters: int
    tokens_guess: int  # of sound
    tokens_max: int
    bytes_per_character: int

    def reader(self, route: Route, content_type: bytes) -> Reader:
        """See `Request.reader`."""
        if b"event-stream" in content_type:
            return EventReader(_END, self._told, self._tokens_of)
        if _SOUND.fullmatch(content_type) is None:
            raise NotAnAnswer("not_sound")
        return SoundReader(self._spoken_by, _BYTES_PER_TOKEN, self.tokens_guess)

    def stream_headers(self, content_type: bytes) -> tuple[Header, ...]:
        """See `Request.stream_headers`."""
        return (
            SSE_HEADERS if b"event-stream" in content_type else ((b"content-type", content_type),)
        )

    def _spoken_by(self, sound_bytes: int, is_whole: bool) -> Usage:
        """What was used when so much sound has come: no upstream says it beside the sound."""
        characters, tokens = self.characters, self.tokens_guess
        if not is_whole:
            characters = min(characters, sound_bytes // self.bytes_per_character + 1)
            tokens = min(tokens, sound_bytes // _BYTES_PER_TOKEN + 1)
        return Usage(
            input_tokens=self.demand.input_tokens_guess,
            other={"characters": characters, "audio_output": tokens},
            is_estimated=True,
            counted=frozenset({"characters"}) if is_whole else frozenset(),
        )

    def _told(self, ends: list[Event]) -> Usage | None:
        try:
            given = _usage.decode(ends[-1].usage)
        except msgspec.DecodeError:
            return self._spoken_by(0, is_whole=True)
        if given.input_tokens < 0 or not 0 <= given.output_tokens <= self.tokens_max:
            return self._spoken_by(0, is_whole=True)
        other = {"characters": self.characters, "audio_output": given.output_tokens}
        return Usage(input_tokens=given.input_tokens, other=other)

    def _tokens_of(self, kind: str, data: bytes) -> int:
        return len(data) * 3 // 4 // _BYTES_PER_TOKEN + 1 if kind == "speech.audio.delta" else 0


async def read_speech(exchange: Exchange) -> SpeechRequest:
    """`/v1/audio/speech`. Raises ApiError naming what is wrong."""
    body = await exchange.body()
    looked = read(_speech, body)
    if not looked.model.isprintable():
        raise wrong("model", "must be printable text")
    if not looked.voice:
        raise wrong("voice", "must not be empty")
    text = looked.input + (looked.instructions or "")
    letters = sum(character.isascii() for character in looked.input)
    others, slowness = len(looked.input) - letters, 1 / (looked.speed or 1.0)
    guess = math.ceil((letters * _TOKENS_PER_LETTER + others * _TOKENS_PER_OTHER) * slowness)
    most = _TOKENS_MIN + len(looked.input) * _TOKENS_PER_CHARACTER_MAX
    tokens_max = math.ceil(most * max(1.0, slowness))
    return SpeechRequest(
        endpoint=exchange.endpoint,
        model=looked.model,
        asked=AskedJson(json_objects.fields.decode(body)),
        is_stream=True,
        characters=len(looked.input),
        tokens_guess=guess,
        tokens_max=tokens_max,
        bytes_per_character=_BYTES_PER_CHARACTER[looked.response_format or "mp3"],
        demand=Demand(
            input_tokens_bound=len(text.encode()),
            input_tokens_guess=tokens_of_bytes(text.encode()),
            output_tokens_asked=tokens_max,
            units={"characters": len(looked.input)},
            token_kinds=("audio_output",),
            measures=MEASURES,
        ),
    )
