"""Counting tokens without a tokenizer, for when the upstream does not say. Marked as estimates.

Byte-pair vocabularies of today's models spend about one token on four bytes of English and one on
a CJK character of three bytes; no vocabulary spends more than one on a byte.
"""

import re

ASCII_BYTES_PER_TOKEN = 4
OTHER_BYTES_PER_TOKEN = 3
# A delta this short is a single token of a vendor that streams token by token.
TOKEN_BYTES_MAX = 12


def texts_of(*names: str) -> re.Pattern[bytes]:
    """Finds the non-empty strings in fields of these names, in raw JSON bytes.

    Unrolled, since an alternative a byte costs a hundred times the text in memory.
    """
    any_name = "|".join(names).encode()
    return re.compile(rb'"(?:%b)"\s*:\s*"(?!")([^"\\]*(?:\\.[^"\\]*)*)' % any_name, re.S)


# Text in any of the fields in which vendors of OpenAI's chat format give output.
CHAT_TEXTS = texts_of("content", "reasoning_content", "reasoning", "arguments", "refusal")


def tokens_of_bytes(text: bytes) -> int:
    """About how many tokens UTF-8 `text` is; never more than its bytes."""
    if text.isascii():
        return -(-len(text) // ASCII_BYTES_PER_TOKEN)
    ascii_bytes = len(text.decode(errors="replace").encode("ascii", "ignore"))
    other_bytes = len(text) - ascii_bytes
    return -(-ascii_bytes // ASCII_BYTES_PER_TOKEN) - (-other_bytes // OTHER_BYTES_PER_TOKEN)


def tokens_of_texts(body: bytes, texts: re.Pattern[bytes] = CHAT_TEXTS) -> int:
    """About how many tokens the texts of a whole answer are; its JSON is nobody's output."""
    return sum(tokens_of_bytes(text) for text in texts.findall(body))


class DeliveredCounter:
    """Counts the output tokens that went by in SSE frames, by their deltas, without JSON."""

    __slots__ = ("_bytes", "_deltas", "_texts")

    def __init__(self, texts: re.Pattern[bytes] = CHAT_TEXTS) -> None:
        self._texts = texts
        self._deltas = 0
        self._bytes = 0

    def add(self, frames: bytes) -> None:
        """Take note of whole frames that were sent on."""
        for piece in self._texts.findall(frames):
            self._deltas += 1
            self._bytes += len(piece)

    def add_text(self, text: str) -> None:
        """Take note of one delta's text, for streams that are read rather than passed on."""
        self._deltas += 1
        self._bytes += len(text.encode())

    @property
    def tokens(self) -> int:
        """One a delta while deltas are token-sized, else by their length."""
        if self._bytes <= self._deltas * TOKEN_BYTES_MAX:
            return self._deltas
        return max(self._deltas, self._bytes // ASCII_BYTES_PER_TOKEN)
