"""What the scenarios' deployment sells besides the fault tests' catalog: models at uneven prices,
small plans, and sites in the manner of the five resellers whose pages we must be able to serve."""

from collections.abc import Mapping
from fractions import Fraction

# Per million tokens in nanos; fractions of a nano per token, so that rounding matters.
UNEVEN = {"input": 123_456_789, "cached_input": 37_500_001, "output": 654_321_012}

# The models of the sellers' chat pages, by the site that sells them.
SOLD = {
    "bigdog": ("qwen-turbo", "qwen-plus"),
    "baystone": ("gpt-4", "gpt-3.5-turbo", "deepseek-r1-distill-qwen-14b"),
    "qingcheng": ("deepseek-chat",),
    "xidao": ("gpt-5.4", "claude-opus-4-7", "gemini-2.5-flash"),
    "studio": ("qwen-plus", "qwen-turbo", "qwen-max", "qwen3-32b"),
}

_MODELS = "".join(
    f"""
  - id: {model}
    max_output_tokens: 4096
    context_tokens: 100000
    price: {{input: "1.00", output: "4.00"}}
    routes: [{{upstream: first, name: {model}-upstream}}]"""
    for model in sorted({model for models in SOLD.values() for model in models})
)


def _site(name: str, language: str, preset: str) -> str:
    return f"""
  - id: {name}
    name: {name.title()}
    domains: [{name}.localhost]
    currency: CNY
    language: {language}
    plan: default
    models: [{", ".join(SOLD[name])}]
    preset: {preset}"""


CATALOG = f"""
models:
  - id: uneven
    max_output_tokens: 4096
    context_tokens: 100000
    price: {{input: "0.123456789", cached_input: "0.037500001", output: "0.654321012"}}
    routes: [{{upstream: first, name: uneven-upstream}}]
  - id: repriced
    max_output_tokens: 4096
    context_tokens: 100000
    price: {{input: "1.00", output: "1.00"}}
    routes: [{{upstream: first, name: repriced}}]{_MODELS}
plans:
  - {{id: two-requests, requests_per_minute: 2}}
  - {{id: few-tokens, tokens_per_minute: 400}}
  - {{id: one-at-once, concurrency: 1}}
sites:
{_site("bigdog", "zh-hans", "bigdogai")}
{_site("baystone", "zh-hans", "baystone")}
{_site("qingcheng", "zh-hans", "qingcheng")}
{_site("xidao", "zh-hans", "xidao")}
{_site("studio", "zh-hant", "modelstudio")}
"""


def charge_nanos(prices: Mapping[str, int], tokens: Mapping[str, int]) -> int:
    """What tokens cost: one rounding, half-even, on the sum. Written apart from the product's."""
    total = sum(prices[bucket] * count for bucket, count in tokens.items())
    return round(Fraction(total, 1_000_000))
