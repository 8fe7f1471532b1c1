"""What the scenarios' deployment sells besides the fault tests' catalog: models at uneven prices,
small plans, and a site that does not sell everything."""

from collections.abc import Mapping
from fractions import Fraction

# Per million tokens in nanos; fractions of a nano per token, so that rounding matters.
UNEVEN = {"input": 123_456_789, "cached_input": 37_500_001, "output": 654_321_012}

CATALOG = """
models:
  - id: uneven
    max_output_tokens: 4096
    context_tokens: 100000
    price: {input: "0.123456789", cached_input: "0.037500001", output: "0.654321012"}
    routes: [{upstream: first, name: uneven-upstream}]
  - id: repriced
    max_output_tokens: 4096
    context_tokens: 100000
    price: {input: "1.00", output: "1.00"}
    routes: [{upstream: first, name: repriced}]
  - id: qwen-turbo
    max_output_tokens: 4096
    context_tokens: 100000
    price: {input: "1.00", output: "4.00"}
    routes: [{upstream: first, name: qwen-turbo}]
plans:
  - {id: two-requests, requests_per_minute: 2}
  - {id: few-tokens, tokens_per_minute: 400}
  - {id: one-at-once, concurrency: 1}
sites:
  - id: bigdog
    name: Bigdog
    domains: [bigdog.localhost]
    currency: CNY
    language: zh-hans
    plan: default
    models: [qwen-turbo]
    preset: bigdogai
"""


def charge_nanos(prices: Mapping[str, int], tokens: Mapping[str, int]) -> int:
    """What tokens cost: one rounding, half-even, on the sum. Written apart from the product's."""
    total = sum(prices[bucket] * count for bucket, count in tokens.items())
    return round(Fraction(total, 1_000_000))
