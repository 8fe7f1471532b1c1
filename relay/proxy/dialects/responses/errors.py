"""An upstream's refusal of a responses request: OpenAI has one shape for this and chat."""

from relay.proxy.dialects.chat.errors import caller_fault

__all__ = ["caller_fault"]
