"""Transcriptions and translations: made-up words for a real length of sound.

Source: OpenAI API reference, "Create transcription", "Create translation" and the transcript
stream events, read 2026-11.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import msgspec

from devstack.demo_upstream import compose, directives, tokens
from devstack.demo_upstream.asked import Asked
from devstack.demo_upstream.compose import Choice, Wanted
from devstack.demo_upstream.counts import AUDIO_INPUT, SECONDS, count
from devstack.demo_upstream.decoding import check_model, convert
from devstack.demo_upstream.directives import Fault
from devstack.demo_upstream.errors import Refusal
from devstack.demo_upstream.media import captions
from devstack.demo_upstream.media.sound import billed_seconds, seconds_of
from devstack.demo_upstream.multipart import read
from devstack.demo_upstream.reply import EVENT_STREAM, Frame, Reply, Stamp, spoil

AUDIO_TOKENS_PER_S = 10
_BY_SECONDS = ("whisper",)  # the other models are billed by tokens


class TranscriptRequest(msgspec.Struct):
    model: str
    language: str | None = None
    prompt: str | None = None
    response_format: Literal["json", "text", "srt", "verbose_json", "vtt"] = "json"
    temperature: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    stream: bool = False
    timestamp_granularities: list[Literal["word", "segment"]] | None = None

    def is_by_seconds(self) -> bool:
        """Whether the model is billed by seconds."""
        return directives.base_model(self.model).startswith(_BY_SECONDS)


@dataclass(frozen=True, eq=False, kw_only=True)
class TranscriptReply(Reply):
    request: TranscriptRequest
    choice: Choice
    seconds: float
    task: str

    @property
    def content_type(self) -> bytes:
        if self.is_stream:
            return EVENT_STREAM
        is_json = self.request.response_format.endswith("json")
        return b"application/json" if is_json else b"text/plain; charset=utf-8"

    def whole(self, stamp: Stamp, fault: Fault | None) -> bytes:
        text = "" if fault is Fault.EMPTY else self.choice.text()
        kind = self.request.response_format
        if kind in captions.PLAIN:
            return captions.PLAIN[kind](text, self.seconds).encode()
        body: dict[str, Any] = {"text": text}
        if kind == "verbose_json":
            words = "word" in (self.request.timestamp_granularities or ())
            body = captions.verbose(text, self.seconds, task=self.task, with_words=words)
            body["language"] = self.request.language or "english"
        usage = spoil(self._usage(), fault)
        if usage is not None:
            body["usage"] = msgspec.Raw(usage)
        return msgspec.json.encode(body)

    def frames(self, stamp: Stamp, fault: Fault | None) -> Iterator[Frame]:
        pieces = () if fault is Fault.EMPTY else self.choice.pieces
        worth = 0 if self.request.is_by_seconds() else 1
        for piece in pieces:
            data = {"type": "transcript.text.delta", "delta": piece}
            yield Frame(msgspec.json.encode(data), worth)
        done: dict[str, Any] = {"type": "transcript.text.done", "text": "".join(pieces)}
        usage = spoil(self._usage(), fault)
        if usage is not None:
            done["usage"] = msgspec.Raw(usage)
        yield Frame(msgspec.json.encode(done))

    def _usage(self) -> bytes:
        if self.request.is_by_seconds():
            return msgspec.json.encode({"type": "duration", "seconds": self.usage[SECONDS]})
        prompt, completion = self.usage.prompt_tokens, self.usage.completion_tokens
        audio = self.usage[AUDIO_INPUT]
        usage = {
            "type": "tokens",
            "input_tokens": prompt,
            "input_token_details": {"text_tokens": prompt - audio, "audio_tokens": audio},
            "output_tokens": completion,
            "total_tokens": prompt + completion,
        }
        return msgspec.json.encode(usage)


def transcribe(asked: Asked) -> Reply:
    """In the language that is spoken; Refusal when the request is wrong."""
    return _reply(asked, task="transcribe")


def translate(asked: Asked) -> Reply:
    """In English; Refusal when the request is wrong."""
    return _reply(asked, task="translate")


def _reply(asked: Asked, *, task: str) -> Reply:
    form = read(asked.header(b"content-type"), asked.body)
    request: TranscriptRequest = convert(form.values(), TranscriptRequest, "", strict=False)
    check_model(request.model)
    file = form.one_file("file")
    if not file.data:
        raise Refusal(
            400, "Audio file is too short. Minimum audio length is 0.1 seconds.", param="file"
        )
    _check(request)
    prompt = request.prompt or ""
    directive = directives.parse(request.model, prompt)
    seconds = seconds_of(file.data) if directive.seconds is None else float(directive.seconds)
    # Whisper takes `stream` and does not stream: OpenAI documents that it is ignored.
    is_stream = request.stream and not request.is_by_seconds()
    (choice,) = compose.compose(
        Wanted(model=request.model, prompt=prompt, is_stream=is_stream), directive
    )
    billed = billed_seconds(seconds)
    if request.is_by_seconds():
        usage = count(directive, **{SECONDS: billed})
    else:
        usage = count(
            directive,
            prompt=tokens.count(prompt),
            completion=choice.answer_tokens,
            **{AUDIO_INPUT: billed * AUDIO_TOKENS_PER_S},
        )
    return TranscriptReply(
        model=request.model,
        directive=directive,
        usage=usage,
        is_stream=is_stream,
        request=request,
        choice=choice,
        seconds=seconds,
        task=task,
    )


def _check(request: TranscriptRequest) -> None:
    if not request.is_by_seconds() and request.response_format not in ("json", "text"):
        kind = request.response_format
        message = f"response_format '{kind}' is not compatible with model '{request.model}'."
        raise Refusal(400, message, code="unsupported_value", param="response_format")
    if request.timestamp_granularities and request.response_format != "verbose_json":
        message = "timestamp_granularities needs response_format verbose_json."
        raise Refusal(400, message, param="timestamp_granularities")
