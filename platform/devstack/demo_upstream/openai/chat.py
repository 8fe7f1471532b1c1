"""Chat completions: the Reply to a request body, whole or in `chat.completion.chunk` frames.

Source: OpenAI API reference, "The chat completion object" and "chunk object", read 2026-11.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from devstack.demo_upstream import compose, directives
from devstack.demo_upstream.asked import Asked
from devstack.demo_upstream.compose import Choice
from devstack.demo_upstream.counts import count
from devstack.demo_upstream.directives import Fault
from devstack.demo_upstream.openai import chat_request, chat_whole
from devstack.demo_upstream.openai.chat_frames import frames
from devstack.demo_upstream.openai.chat_request import ChatRequest
from devstack.demo_upstream.openai.usage import chat_usage
from devstack.demo_upstream.reply import Frame, Reply, Stamp, spoil

# Equal small requests (a load test, a poll) are planned once. 256 plans of at most some tens of
# kilobytes stay far below what the server itself needs; larger bodies are planned every time.
CACHED_REPLIES_MAX = 256
CACHED_BODY_BYTES_MAX = 16 * 1024


@dataclass(frozen=True, eq=False, kw_only=True)
class ChatReply(Reply):
    request: ChatRequest
    choices: tuple[Choice, ...]
    # The plain answer's bytes after the head, rendered when first asked for.
    tails: dict[None, bytes] = field(default_factory=dict)

    def whole(self, stamp: Stamp, fault: Fault | None) -> bytes:
        head = chat_whole.head(stamp)
        if fault is not None:
            return head + self._tail(fault)
        tail = self.tails.get(None)
        if tail is None:
            tail = self.tails[None] = self._tail(None)
        return head + tail

    def _tail(self, fault: Fault | None) -> bytes:
        choices = () if fault is Fault.EMPTY else self.choices
        return chat_whole.tail(self.request, choices, self._usage(fault))

    def frames(self, stamp: Stamp, fault: Fault | None) -> Iterator[Frame]:
        choices = () if fault is Fault.EMPTY else self.choices
        is_shown = bool(self.directive.reasoning_shown)
        return frames(self.request, choices, self._usage(fault), stamp, is_shown=is_shown)

    def _usage(self, fault: Fault | None) -> bytes | None:
        return spoil(chat_usage(self.usage, is_empty=fault is Fault.EMPTY), fault)


def reply(asked: Asked) -> Reply:
    """Decode a request and settle its answer; Refusal if the request is wrong."""
    return reply_to(asked.body)


def reply_to(body: bytes) -> ChatReply:
    """`reply` for a body alone; equal small bodies share one."""
    return _cached_reply(body) if len(body) <= CACHED_BODY_BYTES_MAX else _reply(body)


def _reply(body: bytes) -> ChatReply:
    request = chat_request.parse(body)
    wanted = chat_request.wanted(request)
    directive = directives.parse(wanted.model, wanted.prompt)
    choices = compose.compose(wanted, directive)
    prompt, audio = chat_request.count_prompt(request)
    # A spoken piece is a token of text and one of sound; calls are never spoken.
    said = (choice.answer_tokens for choice in choices if not choice.tool_calls)
    spoken = sum(said) if request.wants_audio() else 0
    usage = count(
        directive,
        prompt=prompt,
        completion=compose.total_tokens(choices),
        reasoning=compose.thought_tokens(choices),
        audio_input=audio,
        audio_output=spoken,
    )
    return ChatReply(
        model=request.model,
        directive=directive,
        usage=usage,
        is_stream=wanted.is_stream,
        request=request,
        choices=choices,
    )


_cached_reply = lru_cache(maxsize=CACHED_REPLIES_MAX)(_reply)
