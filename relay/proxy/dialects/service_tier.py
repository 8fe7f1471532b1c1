"""At which speed a request may ask to be served: only at that which prices are of. Vendors charge
others by factors (OpenAI and Google: flex half, priority up to twice), so they are refused.

Sources: OpenAI, "Priority processing" and "Flex processing"; Gemini API, "Service tiers"; read
2026-11.
"""

from relay.proxy.dialects.conversation import not_carried

# In any dialect's words, in lower case: what a vendor does who is not asked for anything else.
# Anthropic's auto takes capacity that was paid for before, at the same price.
_USUAL = frozenset(
    {
        *("auto", "default", "standard", "standard_only"),
        *("unspecified", "service_tier_unspecified", "service_tier_standard"),
    }
)


def refuse_others(tier: str | None, param: str = "service_tier") -> None:
    """Raises ApiError (400) that names `param` for a tier with prices of its own."""
    if tier is not None and tier.lower() not in _USUAL:
        raise not_carried(param)
