"""What an upstream's refusal of a request says of the caller, by the dialect that it is in."""

from collections.abc import Callable, Mapping

from relay.proxy.dialect import Dialect
from relay.proxy.dialects.chat import errors as chat
from relay.proxy.dialects.gemini import errors as gemini
from relay.proxy.dialects.messages import errors as messages
from relay.proxy.dialects.responses import errors as responses
from relay.proxy.errors import ApiError

_READERS: Mapping[Dialect, Callable[[bytes], ApiError | None]] = {
    Dialect.CHAT: chat.caller_fault,
    Dialect.MESSAGES: messages.caller_fault,
    Dialect.GEMINI: gemini.caller_fault,
    Dialect.RESPONSES: responses.caller_fault,
}


def caller_fault(dialect: Dialect, body: bytes) -> ApiError | None:
    """What the caller did wrong, from the body of a 400, 413 or 422; None where it is the
    operator who is refused. Never the upstream's own words."""
    return _READERS[dialect](body)
