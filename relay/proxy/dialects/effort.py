"""Words for reasoning effort and budgets in tokens, either way, for vendors that know only one.

Source of the budgets: Google, "OpenAI compatibility" of the Gemini API (minimal and low 1,024,
medium 8,192, high 24,576), read 2026-11. What is above high is ours: 32,768, the most that
Anthropic's "Extended thinking" advises outside batches.
"""

from relay.proxy.dialects.conversation import Effort, Reasoning

BUDGET_TOKENS = {
    Effort.NONE: 0,
    Effort.MINIMAL: 1_024,
    Effort.LOW: 1_024,
    Effort.MEDIUM: 8_192,
    Effort.HIGH: 24_576,
    Effort.XHIGH: 32_768,
    Effort.MAX: 32_768,
}
# The least effort whose budget covers what was asked, for vendors that take words.
_WORDS = (Effort.NONE, Effort.LOW, Effort.MEDIUM, Effort.HIGH)


def budget_of(reasoning: Reasoning) -> int | None:
    """The budget in tokens, 0 for none; None leaves it to the model."""
    if reasoning.budget_tokens is not None:
        return reasoning.budget_tokens
    return None if reasoning.effort is None else BUDGET_TOKENS[reasoning.effort]


def effort_of(reasoning: Reasoning) -> Effort | None:
    """The effort in a word; None leaves it to the model."""
    if reasoning.effort is not None or reasoning.budget_tokens is None:
        return reasoning.effort
    for effort in _WORDS:
        if reasoning.budget_tokens <= BUDGET_TOKENS[effort]:
            return effort
    return Effort.XHIGH
