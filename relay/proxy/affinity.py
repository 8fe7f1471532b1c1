"""Which Upstream served a conversation last: its prompt cache is there. A hint, never a rule; kept
in this process only, bounded in number and time.
"""

import re
from collections import OrderedDict

from relay.proxy.types import Route

# About 100 bytes each; an hour of a busy relay's conversations.
CONVERSATIONS_MAX = 100_000
# Vendors forget a prompt after 5 to 60 minutes without use ("Prompt caching" of OpenAI and
# Anthropic, read 2026-11).
LIFETIME_S = 1_800.0
# So much of a prompt tells it from others. Vendors cache from about 1,024 tokens on, so whoever
# shares so much gains from going to the same place, new conversation or not.
PREFIX_BYTES = 4_096
# Longer ones than OpenAI's documented 64 characters are no caller's idea of a key.
KEY_BYTES_MAX = 256

_TURNS = re.compile(rb'"(?:messages|contents|input)"\s*:\s*')
_USER = re.compile(rb'"role"\s*:\s*"user"')
_END = re.compile(rb"\}\s*(?:,\s*\{|\])")
_ANSWERED = re.compile(rb'"role"\s*:\s*"(?:assistant|model)"')
_KEYS = tuple(
    re.compile(rb'"%b"\s*:\s*"([^"\\]{1,%d})"' % (name, KEY_BYTES_MAX))
    for name in (b"prompt_cache_key", b"user")
)


class Affinity:
    """One per relay process. The clock is the loop's, in seconds."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: OrderedDict[int, tuple[str, str, float]] = OrderedDict()

    def find(self, conversation: int, now: float) -> tuple[str, str]:
        """The Upstream and the credential that served it last; empty where nobody did."""
        # A negative number is noted but not looked for: its conversation has just begun.
        known = self._known.get(conversation) if conversation > 0 else None
        if known is None or now - known[2] > LIFETIME_S:
            return ("", "")
        return known[:2]

    def note(self, conversation: int, route: Route, now: float) -> None:
        """`route` answered."""
        conversation = abs(conversation)
        self._known[conversation] = (route.upstream_id, route.credential_id, now)
        self._known.move_to_end(conversation)
        if len(self._known) > CONVERSATIONS_MAX:
            self._known.popitem(last=False)

    def __len__(self) -> int:
        return len(self._known)


def conversation_of(body: bytes, *scope: str) -> int:
    """What tells a JSON request's conversation from others of the same `scope`; 0 for nothing.

    The caller's own key (`prompt_cache_key`, `user`), else the prompt up to its first question.
    Negative where that has only just been asked: whoever answers it is as good as anybody.
    """
    for pattern in _KEYS:
        if (key := _search(pattern, body)) is not None:
            return abs(hash((scope, key[1])))
    turns = _TURNS.search(body)
    if turns is None:
        return 0
    begin = turns.end()
    question = _USER.search(body, begin, begin + PREFIX_BYTES)
    asked = question.end() if question is not None else begin
    ended = _END.search(body, asked)
    end = ended.start() if ended is not None else len(body)
    is_long = end - begin >= PREFIX_BYTES
    number = abs(hash((scope, body[begin : min(end, begin + PREFIX_BYTES)])))
    return number if is_long or _ANSWERED.search(body, asked) is not None else -number


def _search(pattern: re.Pattern[bytes], body: bytes) -> re.Match[bytes] | None:
    name = b"prompt_cache_key" if pattern is _KEYS[0] else b'"user"'
    return pattern.search(body) if name in body else None
