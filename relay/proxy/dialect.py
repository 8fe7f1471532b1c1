"""The wire formats that clients and upstreams speak: one word for each."""

from enum import StrEnum, unique


@unique
class Dialect(StrEnum):
    """Whose format a body, a stream or an error is in.

    The values of the first three are those of `Upstream.dialect`. Every OpenAI endpoint without
    a format of its own (completions, embeddings, images, …) has its errors in that of CHAT.
    """

    CHAT = "openai"  # OpenAI chat completions
    MESSAGES = "anthropic"  # Anthropic messages
    GEMINI = "gemini"  # Google generateContent
    RESPONSES = "responses"  # OpenAI responses
    REALTIME = "realtime"  # OpenAI realtime events over a WebSocket
