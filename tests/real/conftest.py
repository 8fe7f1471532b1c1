"""One real model and one deployment before it, for all tests that need them."""

from collections.abc import Iterator

import pytest

from tests.faults.cluster import Cluster, cluster
from tests.real.books import PRICE
from tests.real.llama import Llama, llama

# The same server three times: as chat alone (all else is translated), as OpenAI's of both kinds,
# and as Anthropic's.
_ROUTED = {"gemma": "llama", "gemma-openai": "llama-openai", "gemma-anthropic": "llama-anthropic"}
_MODELS = "".join(
    f"""
  - id: {model}
    max_output_tokens: 64
    context_tokens: 2048
    price: {PRICE}
    routes: [{{upstream: {upstream}, name: gemma-3-270m}}]"""
    for model, upstream in _ROUTED.items()
)
CATALOG = """
upstreams:
  - {{id: llama, dialect: openai, base_url: "{url}", credential: none-needed}}
  - id: llama-openai
    dialect: openai
    base_url: "{url}"
    credential: none-needed
    quirks: {{speaks: [openai, responses]}}
  - {{id: llama-anthropic, dialect: anthropic, base_url: "{url}", credential: none-needed}}
models:{models}
"""


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Llama]:
    """llama.cpp's server; it counts from its start, so tests look at differences."""
    with llama(tmp_path_factory.mktemp("llama")) as running:
        yield running


@pytest.fixture(scope="session")
def deployment(model: Llama) -> Iterator[Cluster]:
    """Two relays, a worker and a beat before the model."""
    more = CATALOG.format(url=model.base_url, models=_MODELS)
    with cluster(more=more, UPSTREAM_FIRST_BYTE_S="120", UPSTREAM_BETWEEN_BYTES_S="60") as made:
        yield made
