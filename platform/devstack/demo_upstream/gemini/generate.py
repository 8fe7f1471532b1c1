"""generateContent and streamGenerateContent: the Reply, whole, as a JSON array, or as events.

Sources: Gemini API reference, "GenerateContentResponse"; guides "Thinking", "Thought signatures"
and "Function calling", read 2026-11.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from devstack.demo_upstream import compose, directives, logprobs
from devstack.demo_upstream.asgi import JSON
from devstack.demo_upstream.asked import Asked
from devstack.demo_upstream.compose import Choice, ToolCall
from devstack.demo_upstream.counts import count
from devstack.demo_upstream.decoding import check_model, convert, read_json
from devstack.demo_upstream.directives import Fault
from devstack.demo_upstream.gemini import turns
from devstack.demo_upstream.gemini.names import camel
from devstack.demo_upstream.gemini.request import GenerateRequest, sizes, wanted
from devstack.demo_upstream.gemini.signatures import sign
from devstack.demo_upstream.gemini.usage import usage_metadata
from devstack.demo_upstream.reply import Frame, Framing, Reply, Stamp, spoil

BLOCKED = "blocked"  # finish=blocked: the prompt itself is refused
_FINISH_REASONS: Final = {
    "stop": "STOP",
    "length": "MAX_TOKENS",
    "tool_calls": "STOP",
    "content_filter": "SAFETY",
    "refusal": "PROHIBITED_CONTENT",
}

_encode = msgspec.json.encode


@dataclass(frozen=True, eq=False, kw_only=True)
class GenerateReply(Reply):
    """An answer of one or more candidates."""

    choices: tuple[Choice, ...]
    shows_thoughts: bool
    top_count: int | None

    def whole(self, stamp: Stamp, fault: Fault | None) -> bytes:
        body: dict[str, Any] = {}
        if self._is_blocked():
            body["promptFeedback"] = {"blockReason": "PROHIBITED_CONTENT"}
        elif fault is not Fault.EMPTY:
            body["candidates"] = [self._candidate(choice) for choice in self.choices]
        return _encode({**body, **self._closing(stamp, fault)})

    def frames(self, stamp: Stamp, fault: Fault | None) -> Iterator[Frame]:
        """One part of one candidate at a time; the figures so far come with every chunk."""
        if self._is_blocked() or fault is Fault.EMPTY:
            yield Frame(self.whole(stamp, fault))
            return
        made = 0
        for choice in self.choices:
            for part, tokens in self._parts(choice):
                made += tokens
                body = {"candidates": [_candidate(choice.index, [part])]}
                yield Frame(_encode({**body, **self._closing(stamp, fault, made)}), tokens)
        for choice in self.choices:
            last = _candidate(choice.index, [{"text": ""}], _finish(choice))
            yield Frame(_encode({"candidates": [last], **self._closing(stamp, fault)}))

    def _is_blocked(self) -> bool:
        return self.directive.finish == BLOCKED

    def _closing(
        self, stamp: Stamp, fault: Fault | None, made: int | None = None
    ) -> dict[str, Any]:
        """What every chunk ends in; `made` tokens are there so far, else all of them."""
        closing: dict[str, Any] = {}
        if made is None:
            is_silent = self._is_blocked() or fault is Fault.EMPTY
            made = 0 if is_silent else self.usage.completion_tokens
        thoughts = min(made, self.usage.reasoning_tokens)  # they come first
        usage = spoil(
            usage_metadata(
                self.usage,
                tool_prompt=self.directive.tool_prompt_tokens,
                thoughts=thoughts,
                candidates=made - thoughts,
            ),
            fault,
        )
        if usage is not None:
            closing["usageMetadata"] = msgspec.Raw(usage)
        return {**closing, "modelVersion": self.model, "responseId": f"resp-{stamp.suffix}"}

    def _candidate(self, choice: Choice) -> dict[str, Any]:
        parts: list[dict[str, Any]] = []
        if choice.thoughts and self.shows_thoughts:
            parts.append({"text": choice.thought(), "thought": True})
        if choice.pieces:
            parts.append({"text": choice.text(), **_signed(choice, choice.text())})
        parts += _calls(choice)
        candidate = _candidate(choice.index, parts or [{"text": ""}], _finish(choice))
        if self.top_count is not None and choice.pieces:
            candidate["logprobsResult"] = _logprobs(choice.pieces, self.top_count)
        return candidate

    def _parts(self, choice: Choice) -> Iterator[tuple[dict[str, Any], int]]:
        """One token in each part of text; a call is never split, so its tokens come at once."""
        hidden = 0 if self.shows_thoughts else len(choice.thoughts)
        if self.shows_thoughts:
            for piece in choice.thoughts:
                yield {"text": piece, "thought": True}, 1
        worth = choice.answer_tokens if len(choice.pieces) == 1 else 1
        for number, piece in enumerate(choice.pieces):
            is_last = number == len(choice.pieces) - 1
            signature = _signed(choice, choice.text()) if is_last else {}
            yield {"text": piece, **signature}, worth + hidden
            hidden = 0
        for part, call in zip(_calls(choice), choice.tool_calls, strict=True):
            yield part, call.token_count() + hidden
            hidden = 0
        if hidden:
            yield {"text": ""}, hidden


class ArrayReply(GenerateReply):
    """The stream without `alt=sse`: one JSON array, an element at a time."""

    framing = Framing.RAW

    @property
    def content_type(self) -> bytes:
        return JSON

    def frames(self, stamp: Stamp, fault: Fault | None) -> Iterator[Frame]:
        opening = b"["
        for frame in super().frames(stamp, fault):
            yield frame._replace(data=opening + frame.data)
            opening = b",\r\n"
        yield Frame(b"]")


def generate(asked: Asked) -> Reply:
    """One JSON object; Refusal when the request is wrong."""
    return _reply(asked, GenerateReply, is_stream=False)


def stream_generate(asked: Asked) -> Reply:
    """A stream; Refusal when the request is wrong."""
    is_events = asked.query.get("alt") == "sse"
    return _reply(asked, GenerateReply if is_events else ArrayReply, is_stream=True)


def _reply(asked: Asked, kind: type[GenerateReply], *, is_stream: bool) -> Reply:
    request: GenerateRequest = convert(camel(read_json(asked.body)), GenerateRequest, "")
    model = asked.path["model"]
    check_model(model)
    turns.check(request)
    plain = wanted(request, model, is_stream=is_stream)
    directive = directives.parse(model, plain.prompt)
    choices = compose.compose(plain, directive)
    by_modality: dict[str, int] = {}
    for modality, size in sizes(request):
        by_modality[modality] = by_modality.get(modality, 0) + size
    audio, images = by_modality.pop("AUDIO", 0), by_modality.pop("IMAGE", 0)
    usage = count(
        directive,
        prompt=sum(by_modality.values()),
        completion=0 if directive.finish == BLOCKED else compose.total_tokens(choices),
        reasoning=0 if directive.finish == BLOCKED else compose.thought_tokens(choices),
        audio_input=audio,
        image_input=images,
    )
    thinking, config = request.generation_config.thinking_config, request.generation_config
    return kind(
        model=model,
        directive=directive,
        usage=replace(usage, input_tokens=usage.input_tokens + directive.tool_prompt_tokens),
        is_stream=is_stream,
        choices=choices,
        shows_thoughts=thinking is not None and thinking.include_thoughts,
        top_count=(config.logprobs or 0) if config.response_logprobs else None,
    )


def _candidate(
    index: int, parts: list[dict[str, Any]], finish: str | None = None
) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}}
    if finish is not None:
        candidate["finishReason"] = finish
    return {**candidate, "index": index}


def _finish(choice: Choice) -> str:
    return _FINISH_REASONS.get(choice.finish, choice.finish)


def _signed(choice: Choice, text: str) -> dict[str, str]:
    return {"thoughtSignature": sign(text)} if choice.thoughts else {}


def _calls(choice: Choice) -> list[dict[str, Any]]:
    """Calls as parts; of parallel ones only the first is signed, as Google documents it."""
    parts: list[dict[str, Any]] = []
    for number, call in enumerate(choice.tool_calls):
        signature = _signed(choice, call.digest) if number == 0 else {}
        parts.append({"functionCall": {"name": call.name, "args": _args(call)}, **signature})
    return parts


def _args(call: ToolCall) -> Any:
    """The arguments as an object; of those cut short by the maximum nothing can be read."""
    try:
        return msgspec.json.decode(call.arguments())
    except msgspec.DecodeError:
        return {}


def _logprobs(pieces: tuple[str, ...], top_count: int) -> dict[str, Any]:
    entries = [logprobs.entry(piece, top_count) for piece in pieces]
    chosen = [{"token": e["token"], "logProbability": e["logprob"]} for e in entries]
    tops = [
        [{"token": top["token"], "logProbability": top["logprob"]} for top in e["top_logprobs"]]
        for e in entries
    ]
    return {
        "chosenCandidates": chosen,
        "topCandidates": [{"candidates": candidates} for candidates in tops],
    }
