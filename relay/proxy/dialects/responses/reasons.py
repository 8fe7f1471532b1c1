"""How a response ends, both ways.

    status and reason                  common form
    completed                          TOOL_CALLS with function calls, REFUSAL with a refusal,
                                       else STOP
    incomplete, max_output_tokens      LENGTH
    incomplete, content_filter         CONTENT_FILTER

Back, STOP_SEQUENCE and PAUSE are completed; REFUSAL is completed where it has words, else
incomplete for content_filter. Source: OpenAI API reference, "The response object", read 2026-11.
"""

from relay.proxy.dialects.events import Reason

_READ = {"max_output_tokens": Reason.LENGTH, "content_filter": Reason.CONTENT_FILTER}
_WRITTEN = {Reason.LENGTH: "max_output_tokens", Reason.CONTENT_FILTER: "content_filter"}


def parse(incomplete: str | None, *, has_tools: bool, has_refusal: bool) -> Reason:
    """The reason; `incomplete` is that of incomplete_details, None for a completed response."""
    if incomplete is not None:
        return _READ.get(incomplete, Reason.LENGTH)
    if has_tools:
        return Reason.TOOL_CALLS
    return Reason.REFUSAL if has_refusal else Reason.STOP


def render(reason: Reason, *, has_refusal: bool) -> str | None:
    """The reason of incomplete_details; None for a completed response."""
    if reason is Reason.REFUSAL and not has_refusal:
        return "content_filter"
    return _WRITTEN.get(reason)
