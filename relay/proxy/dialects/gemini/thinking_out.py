"""How much to think, as Gemini's models take it: a level since Gemini 3, a budget before.

Source: Gemini API, "Gemini thinking" (levels, and budgets by model) and "OpenAI compatibility",
read 2026-11. Some models can't be told not to think; any other wish is fitted to the model's range.
"""

import re
from typing import Any

from relay.proxy.dialects.conversation import Conversation, Effort, Reasoning
from relay.proxy.dialects.effort import budget_of

_VERSION = re.compile(r"gemini-(\d{1,2})(?:\.(\d))?")
_LEVELS = {
    Effort.MINIMAL: "minimal",
    Effort.LOW: "low",
    Effort.MEDIUM: "medium",
    Effort.HIGH: "high",
    Effort.XHIGH: "high",
    Effort.MAX: "high",
}
# The least and the most of Gemini 2.5's models, by a word in their name; the last one is the rest.
_BUDGETS = (("flash-lite", 512, 24_576), ("flash", 1, 24_576), ("", 128, 32_768))


def version_of(upstream_model: str) -> int:
    """The generation that the name tells, 0 where it tells none."""
    found = _VERSION.search(upstream_model)
    return int(found[1]) if found else 0


def config_of(conversation: Conversation, upstream_model: str) -> dict[str, Any]:
    """The `thinkingConfig`, {} where the caller says nothing. Raises ApiError."""
    reasoning = conversation.reasoning
    if reasoning is None:
        return {}
    if reasoning.summary not in (None, "auto"):
        raise conversation.not_carried("reasoning")
    if reasoning.is_off:
        if version_of(upstream_model) >= 3 or "2.5-pro" in upstream_model:
            raise conversation.not_carried("reasoning")
        return {"thinkingBudget": 0}
    # Who asks for thinking sees it, unless they say otherwise: its tokens are paid for anyway.
    shown = {"includeThoughts": reasoning.wants_summary is not False}
    return {**_amount(reasoning, upstream_model), **shown}


def _amount(reasoning: Reasoning, upstream_model: str) -> dict[str, Any]:
    is_leveled = version_of(upstream_model) >= 3
    if is_leveled and reasoning.effort is not None:
        level = _LEVELS[reasoning.effort]
        is_too_low = level == "minimal" and "pro" in upstream_model  # Pro starts at low
        return {"thinkingLevel": "low" if is_too_low else level}
    budget = budget_of(reasoning)
    if budget is None:
        return {}
    lowest, highest = next(
        (least, most) for word, least, most in _BUDGETS if word in upstream_model
    )
    return {"thinkingBudget": max(lowest, min(budget, highest))}
