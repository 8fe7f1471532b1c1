"""Speech from text: silence of a fitting length, in chunks or in events.

Source: OpenAI API reference, "Create speech" and its stream events, read 2026-11.
"""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from devstack.demo_upstream import directives, tokens
from devstack.demo_upstream.asked import Asked
from devstack.demo_upstream.counts import AUDIO_OUTPUT, CHARACTERS, count
from devstack.demo_upstream.decoding import check_model, decode
from devstack.demo_upstream.directives import Fault
from devstack.demo_upstream.errors import Refusal
from devstack.demo_upstream.media.sound import CONTENT_TYPES, silence
from devstack.demo_upstream.reply import EVENT_STREAM, Frame, Framing, Reply, Stamp, spoil

CHARACTERS_MAX = 4096  # OpenAI's own
_MS_PER_TOKEN = 50  # 20 audio tokens a second
_CHUNKS_MIN = 4  # so that even a word comes in several
_BY_CHARACTERS = ("tts-1",)  # every other model is billed by tokens


class SpeechRequest(msgspec.Struct):
    model: str
    input: Annotated[str, msgspec.Meta(min_length=1, max_length=CHARACTERS_MAX)]
    voice: str | dict[str, Any]
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] = "mp3"
    speed: Annotated[float, msgspec.Meta(ge=0.25, le=4)] = 1.0
    stream_format: Literal["audio", "sse"] = "audio"
    instructions: str | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class SpeechReply(Reply):
    """The bytes of the sound, as they are."""

    framing = Framing.RAW
    kind: str
    audio_tokens: int

    @property
    def content_type(self) -> bytes:
        return CONTENT_TYPES[self.kind]

    def whole(self, stamp: Stamp, fault: Fault | None) -> bytes:
        return b"".join(self.chunks())

    def frames(self, stamp: Stamp, fault: Fault | None) -> Iterator[Frame]:
        chunks = () if fault is Fault.EMPTY else self.chunks()
        worth = 1 if self.usage[AUDIO_OUTPUT] else 0
        yield from (Frame(chunk, worth) for chunk in chunks)

    def chunks(self) -> Iterator[bytes]:
        """As many chunks as there are tokens."""
        size = self.directive.size_bytes
        data = silence(self.kind, self.audio_tokens * _MS_PER_TOKEN)
        if size is not None:
            data = data[:size].ljust(size, b"\0")
        step = max(1, -(-len(data) // self.audio_tokens))
        places = range(0, len(data), step)
        yield from (data[place : place + step] for place in places)


class SpeechEvents(SpeechReply):
    """The same in server-sent events, with usage."""

    framing = Framing.EVENTS

    @property
    def content_type(self) -> bytes:
        return EVENT_STREAM

    def frames(self, stamp: Stamp, fault: Fault | None) -> Iterator[Frame]:
        for chunk in self.chunks():
            audio = base64.b64encode(chunk).decode()
            yield Frame(msgspec.json.encode({"type": "speech.audio.delta", "audio": audio}), 1)
        prompt, completion = self.usage.prompt_tokens, self.usage.completion_tokens
        figures = {"input_tokens": prompt, "output_tokens": completion}
        usage = spoil(msgspec.json.encode({**figures, "total_tokens": prompt + completion}), fault)
        done: dict[str, Any] = {"type": "speech.audio.done"}
        if usage is not None:
            done["usage"] = msgspec.Raw(usage)
        yield Frame(msgspec.json.encode(done))


_DECODER = msgspec.json.Decoder(SpeechRequest)


def reply(asked: Asked) -> Reply:
    """Refusal when the request is wrong."""
    request = decode(_DECODER, asked.body)
    check_model(request.model)
    name = directives.base_model(request.model)
    is_by_characters = name.startswith(_BY_CHARACTERS)
    is_events = request.stream_format == "sse"
    if is_events and is_by_characters:
        raise Refusal(400, "This model does not support `sse`.", param="stream_format")
    directive = directives.parse(request.model, request.input)
    said = max(_CHUNKS_MIN, tokens.count(directives.strip(request.input)) * 4)
    made = said if directive.tokens is None else max(1, directive.tokens)
    if is_by_characters:
        usage = count(directive, **{CHARACTERS: len(request.input)})
    else:
        prompt = tokens.count(request.input)
        usage = count(directive, prompt=prompt, **{AUDIO_OUTPUT: made})
    kind = SpeechEvents if is_events else SpeechReply
    return kind(
        model=request.model,
        directive=directive,
        usage=usage,
        is_stream=True,
        kind=request.response_format,
        audio_tokens=made,
    )
