"""Why an answer ended, in Anthropic's words and in the common ones.

    end_turn STOP                tool_use TOOL_CALLS        refusal REFUSAL
    stop_sequence STOP_SEQUENCE  pause_turn PAUSE           max_tokens LENGTH
    model_context_window_exceeded LENGTH

A content filter of another vendor is a refusal here. Source: Anthropic, "Handling stop reasons",
read 2026-11.
"""

from relay.proxy.dialects.events import Reason

_REASONS = {
    "end_turn": Reason.STOP,
    "stop_sequence": Reason.STOP_SEQUENCE,
    "max_tokens": Reason.LENGTH,
    "model_context_window_exceeded": Reason.LENGTH,
    "tool_use": Reason.TOOL_CALLS,
    "pause_turn": Reason.PAUSE,
    "refusal": Reason.REFUSAL,
}
_WORDS = {
    Reason.STOP: "end_turn",
    Reason.STOP_SEQUENCE: "stop_sequence",
    Reason.LENGTH: "max_tokens",
    Reason.TOOL_CALLS: "tool_use",
    Reason.CONTENT_FILTER: "refusal",
    Reason.REFUSAL: "refusal",
    Reason.PAUSE: "pause_turn",
}


def parse(given: str | None, *, has_tools: bool) -> Reason:
    """The reason; a tool call that only stood for JSON output (no `has_tools`) is a plain end."""
    reason = _REASONS.get(given or "", Reason.STOP)
    return Reason.STOP if reason is Reason.TOOL_CALLS and not has_tools else reason


def render(reason: Reason, stop_sequence: str | None) -> dict[str, str | None]:
    """`stop_reason` and `stop_sequence`, which belong together: one without the other is a plain
    end, as where a vendor doesn't tell which string it was."""
    if reason is Reason.STOP_SEQUENCE and stop_sequence is None:
        reason = Reason.STOP
    is_stopped = reason is Reason.STOP_SEQUENCE
    return {
        "stop_reason": _WORDS[reason],
        "stop_sequence": stop_sequence if is_stopped else None,
    }
