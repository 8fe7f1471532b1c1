"""A whole generateContent answer, read into events (`parse`) and written from them (`render`)."""

from collections.abc import Iterable
from typing import Any

import msgspec

from relay.proxy.dialects.decoding import is_given
from relay.proxy.dialects.events import Event, Label
from relay.proxy.dialects.gemini import answer_shapes as shapes
from relay.proxy.dialects.gemini import usage, writing
from relay.proxy.dialects.gemini.reading import Reading
from relay.proxy.dialects.whole import Choice, gather


def parse(body: bytes) -> list[Event]:
    """The events of an answer. Raises ValueError when it is none."""
    try:
        given = shapes.decoder.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise ValueError("not a Gemini answer") from error
    reading = Reading()
    events = list(reading.read(given))
    if is_given(given.error) or not (given.candidates or reading.is_finished):
        raise ValueError("not a Gemini answer")
    return [*events, *reading.finish()]


def render(events: Iterable[Event], label: Label) -> bytes:
    """The body for the client."""
    whole = gather(events)
    body: dict[str, Any] = {
        "candidates": [_candidate(number, one) for number, one in enumerate(whole.choices)]
    }
    if whole.usage is not None:
        body["usageMetadata"] = usage.render(whole.usage)
    return msgspec.json.encode({**body, "modelVersion": label.model, "responseId": label.id})


def _candidate(number: int, choice: Choice) -> dict[str, Any]:
    parts = [writing.part(part) for part in choice.parts] or [writing.text("")]
    said = shapes.candidate(number, parts, choice.reason)
    if choice.logprobs is not None:
        said["logprobsResult"] = writing.logprobs(choice.logprobs)
    return said
