"""Finish reasons of chat, both ways.

    chat              common form               back
    stop              STOP                      stop
    length            LENGTH                    length
    tool_calls        TOOL_CALLS                tool_calls
    function_call     TOOL_CALLS                tool_calls
    content_filter    CONTENT_FILTER            content_filter
                      STOP_SEQUENCE, PAUSE      stop
                      REFUSAL                   stop where it has words, else content_filter

Vendors' own words (eos, …) mean stop. Some say stop beside tool calls, where tool_calls is meant.
Source: OpenAI API reference, "The chat completion object", read 2026-11.
"""

from relay.proxy.dialects.events import Reason

_READ = {
    "length": Reason.LENGTH,
    "tool_calls": Reason.TOOL_CALLS,
    "function_call": Reason.TOOL_CALLS,
    "content_filter": Reason.CONTENT_FILTER,
}
_WRITTEN = {
    Reason.LENGTH: "length",
    Reason.TOOL_CALLS: "tool_calls",
    Reason.CONTENT_FILTER: "content_filter",
}


def parse(word: str | None, *, has_tools: bool, has_refusal: bool) -> Reason:
    """The reason that a finish_reason stands for."""
    reason = _READ.get(word or "stop", Reason.STOP)
    if reason is not Reason.STOP:
        return reason
    if has_tools:
        return Reason.TOOL_CALLS
    return Reason.REFUSAL if has_refusal else Reason.STOP


def render(reason: Reason, *, has_refusal: bool) -> str:
    """The finish_reason for a reason."""
    if reason is Reason.REFUSAL and not has_refusal:
        return "content_filter"
    return _WRITTEN.get(reason, "stop")
