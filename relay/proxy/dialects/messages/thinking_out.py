"""How much to reason, as Anthropic's models take it.

Models from 4.6 on decide for themselves within an effort (`thinking: adaptive`); the ones before,
and those whose name tells no version, get a budget. Sources: Anthropic, "Extended thinking",
"Adaptive thinking" and "Effort", read 2026-11.
"""

import re
from typing import Any

from relay.proxy.dialects.conversation import Conversation, Effort, Reasoning, ToolMode
from relay.proxy.dialects.effort import budget_of, effort_of

_ADAPTIVE_SINCE = (4, 6)
# `claude-opus-4-6`, `claude-sonnet-5`, `anthropic.claude-opus-4.7-v1`; a date is no version.
_VERSION = re.compile(r"claude-[a-z]+-(\d{1,2})(?:[-.](\d{1,2}))?(?!\d)")
BUDGET_TOKENS_MIN = 1_024
# Anthropic knows no effort below low.
_EFFORTS = {Effort.MINIMAL: Effort.LOW}


def add(body: dict[str, Any], conversation: Conversation, upstream_model: str) -> None:
    """Put the caller's wish into `body`. Raises ApiError for what does not go with thinking."""
    reasoning = conversation.reasoning
    if reasoning is None:
        return
    if reasoning.summary not in (None, "auto"):
        raise conversation.not_carried("reasoning")
    if reasoning.is_off:
        body["thinking"] = {"type": "disabled"}
        return
    thinking: dict[str, Any] | None
    if is_adaptive(upstream_model):
        thinking = {"type": "adaptive"}
        if (effort := effort_of(reasoning)) is not None:
            body["output_config"] = {"effort": _EFFORTS.get(effort, effort)}
    else:
        thinking = _budgeted(reasoning, body["max_tokens"])
    if thinking is None:
        return
    if reasoning.wants_summary is not None:
        thinking["display"] = "summarized" if reasoning.wants_summary else "omitted"
    body["thinking"] = thinking
    _check(conversation)


def is_adaptive(upstream_model: str) -> bool:
    """Whether the model takes an effort rather than a budget, as far as its name tells."""
    found = _VERSION.search(upstream_model)
    return found is not None and (int(found[1]), int(found[2] or 0)) >= _ADAPTIVE_SINCE


def _budgeted(reasoning: Reasoning, cap: int) -> dict[str, Any] | None:
    """At most half of the output, so that an answer follows; None where there is no room."""
    wanted = budget_of(reasoning)
    if wanted is None or cap // 2 < BUDGET_TOKENS_MIN:
        return None
    return {"type": "enabled", "budget_tokens": max(BUDGET_TOKENS_MIN, min(wanted, cap // 2))}


def _check(conversation: Conversation) -> None:
    """Thinking leaves the sampling to Anthropic, and the tools to the model."""
    if conversation.temperature not in (None, 1):
        raise conversation.not_carried("temperature")
    if conversation.top_k is not None:
        raise conversation.not_carried("top_k")
    choice = conversation.tool_choice
    if choice is not None and choice.mode is ToolMode.REQUIRED:
        raise conversation.not_carried("tool_choice")
