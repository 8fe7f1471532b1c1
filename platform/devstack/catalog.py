"""The catalog file that `make run` applies: one upstream, its models, the default site.

Prices are examples, so that a fresh clone has something to meter; a real deployment writes its own.
"""

from typing import Any

import yaml

from devstack.state import StateFolder, write_private
from devstack.upstream import OPENAI_BASE_URL, Offer

HEADER = """\
# Written by `make run` at every start, from the upstream that it found.
# To change what is sold, copy this file, edit the copy and run:
#     .venv/bin/python manage.py catalog apply COPY
"""
SITE_ID = "default"
SITE_DOMAINS = ["127.0.0.1", "localhost"]

# Per million tokens. Unlike each other in every component, so that a mix-up shows in a charge.
PRICE = {"input": "1.00", "cached_input": "0.50", "output": "3.00"}
COST = {"input": "0.80", "cached_input": "0.40", "output": "2.40"}
# What nearly every model of today can do; a call that asks for less is held for less.
MAX_OUTPUT_TOKENS = 4_096
CONTEXT_TOKENS = 128_000


def write(state: StateFolder, offer: Offer) -> None:
    """Write the catalog and, beside it, the private file with the upstream's key."""
    write_private(state.credential_file, offer.credential)
    text = yaml.safe_dump(document(state, offer), sort_keys=False, allow_unicode=True)
    write_private(state.catalog_file, HEADER + text)


def document(state: StateFolder, offer: Offer) -> dict[str, Any]:
    """The catalog as design section 11 describes it."""
    upstream = {
        "id": offer.upstream_id,
        "dialect": "openai",
        "base_url": offer.base_url,
        "credential": f"file:{state.credential_file}",
    }
    if offer.base_url == OPENAI_BASE_URL:
        upstream["provider"] = "openai"
    limits = {"requests_per_minute": 600, "tokens_per_minute": 1_000_000, "concurrency": 100}
    site = {
        "id": SITE_ID,
        "name": "Tollgate",
        "domains": SITE_DOMAINS,
        "currency": "USD",
        "language": "en",
        "preset": "openai",
        "plan": "default",
        "models": "all",
    }
    return {
        "upstreams": [upstream],
        "models": [_model(name, offer.upstream_id) for name in offer.models],
        "plans": [{"id": "default", **limits}],
        "sites": [site],
    }


def _model(name: str, upstream_id: str) -> dict[str, Any]:
    return {
        "id": name,
        "max_output_tokens": MAX_OUTPUT_TOKENS,
        "context_tokens": CONTEXT_TOKENS,
        # Copies, or YAML would write every price but the first as a reference to it.
        "price": dict(PRICE),
        "routes": [{"upstream": upstream_id, "name": name, "cost": dict(COST)}],
    }
