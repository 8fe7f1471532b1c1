"""The fields of chat answers and stream chunks that translation reads. What is not named here is
nobody's output.

Source: OpenAI API reference, "The chat completion object" and "… chunk object", read 2026-11.
"""

import msgspec

from relay.proxy.dialects.chat.fields import ExtraContent, ReasoningDetail
from relay.proxy.dialects.decoding import NULL
from relay.proxy.dialects.logprobs import Token


class Called(msgspec.Struct):
    name: str | None = None
    arguments: str | None = None


class ToolCall(msgspec.Struct):
    index: int | None = None
    id: str | None = None
    function: Called | None = None
    extra_content: ExtraContent | None = None


class ImageUrl(msgspec.Struct):
    url: str = ""


class Image(msgspec.Struct):
    image_url: ImageUrl


class Message(msgspec.Struct):
    """A message, or in a stream a piece of one."""

    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    reasoning_details: list[ReasoningDetail] | None = None
    tool_calls: list[ToolCall] | None = None
    images: list[Image] | None = None  # OpenRouter, "Image generation", read 2026-11


class Logprobs(msgspec.Struct):
    content: list[Token] | None = None
    refusal: list[Token] | None = None

    @property
    def tokens(self) -> list[Token]:
        """Of whichever there are."""
        return self.content or self.refusal or []


class Choice(msgspec.Struct):
    index: int = 0
    message: Message | None = None
    delta: Message | None = None
    finish_reason: str | None = None
    logprobs: Logprobs | None = None


class Answer(msgspec.Struct):
    """A whole answer, or a chunk of a stream."""

    id: str | None = None
    model: str | None = None
    created: int | float | None = None
    choices: list[Choice] | None = None
    usage: msgspec.Raw = NULL
    error: msgspec.Raw = NULL
    object: str | None = None


decoder = msgspec.json.Decoder(Answer)
