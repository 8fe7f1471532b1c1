"""Legacy completions: prompts in any of their four forms, echo, log probabilities, streams.

Source: OpenAI API reference, "Create completion" and "The completion object", read 2026-11.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import zip_longest
from typing import Annotated, Any

import msgspec

from devstack.demo_upstream import compose, directives, logprobs
from devstack.demo_upstream.asked import Asked
from devstack.demo_upstream.compose import CHOICES_MAX, Choice, Wanted
from devstack.demo_upstream.counts import count
from devstack.demo_upstream.decoding import check_model, decode
from devstack.demo_upstream.directives import Directive, Fault
from devstack.demo_upstream.errors import Refusal
from devstack.demo_upstream.openai import inputs
from devstack.demo_upstream.openai.chat_request import Penalty, StreamOptions
from devstack.demo_upstream.openai.usage import chat_usage
from devstack.demo_upstream.reply import Frame, Reply, Stamp, spoil

TOKENS_DEFAULT = 16  # OpenAI's own
PROMPTS_MAX = 128  # far more than any test, few enough to compose at once

_encode = msgspec.json.encode


class CompletionsRequest(msgspec.Struct):
    model: str
    prompt: inputs.Texts = "<|endoftext|>"
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    max_tokens: Annotated[int, msgspec.Meta(ge=0)] | None = TOKENS_DEFAULT
    n: Annotated[int, msgspec.Meta(ge=1, le=CHOICES_MAX)] | None = 1
    best_of: Annotated[int, msgspec.Meta(ge=1, le=20)] | None = None
    echo: bool | None = False
    logprobs: Annotated[int, msgspec.Meta(ge=0, le=5)] | None = None
    stop: str | list[str] | None = None
    seed: int | None = None
    suffix: str | None = None
    temperature: Annotated[float, msgspec.Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    presence_penalty: Penalty | None = None
    frequency_penalty: Penalty | None = None
    logit_bias: dict[str, float] | None = None
    user: str | None = None


@dataclass(frozen=True, eq=False, kw_only=True)
class CompletionsReply(Reply):
    """`choices` go with `echoes`: the text before each answer, mostly none."""

    request: CompletionsRequest
    choices: tuple[Choice, ...]
    echoes: tuple[str, ...]

    def whole(self, stamp: Stamp, fault: Fault | None) -> bytes:
        body = self._opening(stamp)
        body["choices"] = [] if fault is Fault.EMPTY else [self._choice(c) for c in self.choices]
        usage = self._usage(fault)
        if usage is not None:
            body["usage"] = msgspec.Raw(usage)
        return _encode(body)

    def frames(self, stamp: Stamp, fault: Fault | None) -> Iterator[Frame]:
        opening = self._opening(stamp)
        options = self.request.stream_options
        usage = self._usage(fault) if options is not None and options.include_usage else None
        rest: dict[str, Any] = {} if usage is None else {"usage": None}
        for shown, worth in self._deltas() if fault is not Fault.EMPTY else ():
            yield Frame(_encode({**opening, "choices": [shown], **rest}), worth)
        if usage is not None:
            yield Frame(_encode({**opening, "choices": [], "usage": msgspec.Raw(usage)}))
        yield Frame(b"[DONE]")

    def _opening(self, stamp: Stamp) -> dict[str, Any]:
        return {
            "id": f"cmpl-{stamp.suffix}",
            "object": "text_completion",
            "created": stamp.created,
            "model": self.model,
            "system_fingerprint": "demo",
        }

    def _usage(self, fault: Fault | None) -> bytes | None:
        return spoil(chat_usage(self.usage, is_empty=fault is Fault.EMPTY), fault)

    def _choice(self, choice: Choice) -> dict[str, Any]:
        echo = self.echoes[choice.index]
        shown = self._delta(choice.index, echo + choice.text(), choice.finish)
        shown["logprobs"] = self._logprobs(choice.pieces, len(echo))
        return shown

    def _delta(self, index: int, text: str, finish: str | None = None) -> dict[str, Any]:
        return {"text": text, "index": index, "logprobs": None, "finish_reason": finish}

    def _deltas(self) -> Iterator[tuple[dict[str, Any], int]]:
        for choice in self.choices:
            if self.echoes[choice.index]:
                yield self._delta(choice.index, self.echoes[choice.index]), 0
        for together in zip_longest(*(self._pieces(choice) for choice in self.choices)):
            yield from (delta for delta in together if delta is not None)
        for choice in self.choices:
            yield self._delta(choice.index, "", choice.finish), 0

    def _pieces(self, choice: Choice) -> Iterator[tuple[dict[str, Any], int]]:
        worth = choice.answer_tokens if len(choice.pieces) == 1 else 1
        offset = len(self.echoes[choice.index])
        for piece in choice.pieces:
            delta = self._delta(choice.index, piece)
            delta["logprobs"] = self._logprobs((piece,), offset)
            offset += len(piece)
            yield delta, worth

    def _logprobs(self, pieces: tuple[str, ...], offset: int) -> dict[str, Any] | None:
        if self.request.logprobs is None:
            return None
        entries = [logprobs.entry(piece, self.request.logprobs) for piece in pieces]
        offsets = [offset]
        for piece in pieces:
            offsets.append(offsets[-1] + len(piece))
        tops = [{top["token"]: top["logprob"] for top in e["top_logprobs"]} for e in entries]
        return {
            "tokens": list(pieces),
            "token_logprobs": [entry["logprob"] for entry in entries],
            "top_logprobs": tops,
            "text_offset": offsets[:-1],
        }


_DECODER = msgspec.json.Decoder(CompletionsRequest)


def reply(asked: Asked) -> Reply:
    """Refusal when the request is wrong."""
    request = decode(_DECODER, asked.body)
    check_model(request.model)
    prompts = inputs.read(request.prompt, "prompt")
    if len(prompts) > PROMPTS_MAX:
        raise Refusal(400, f"At most {PROMPTS_MAX} prompts.", param="prompt")
    if request.best_of is not None and request.best_of < (request.n or 1):
        raise Refusal(400, "'best_of' must be at least 'n'.", param="best_of")
    directive = directives.parse(request.model, inputs.joined(prompts))
    choices, echoes = _compose(request, prompts, directive)
    usage = count(
        directive,
        prompt=sum(inputs.count(prompt) for prompt in prompts),
        completion=compose.total_tokens(choices),
        reasoning=compose.thought_tokens(choices),
    )
    return CompletionsReply(
        model=request.model,
        directive=directive,
        usage=usage,
        is_stream=bool(request.stream),
        request=request,
        choices=choices,
        echoes=echoes,
    )


def _compose(
    request: CompletionsRequest, prompts: list[str | list[int]], directive: Directive
) -> tuple[tuple[Choice, ...], tuple[str, ...]]:
    stops = [request.stop] if isinstance(request.stop, str) else request.stop or []
    limit = TOKENS_DEFAULT if request.max_tokens is None else request.max_tokens
    choices: list[Choice] = []
    echoes: list[str] = []
    for prompt in prompts:
        wanted = Wanted(
            model=request.model,
            prompt=inputs.text(prompt),
            is_stream=bool(request.stream),
            seed=request.seed or 0,
            n=request.n or 1,
            tokens_max=limit,
            stops=tuple(stop for stop in stops if stop),
        )
        for choice in compose.compose(wanted, directive):
            choices.append(replace(choice, index=len(choices)))
            echoes.append(inputs.text(prompt) if request.echo else "")
    return tuple(choices), tuple(echoes)
