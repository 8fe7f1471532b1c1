"""A small catalog and the two ways to apply one: as values, and through the command."""

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from relay.catalog import reader, store
from relay.catalog.changes import Change

CATALOG = """\
upstreams:
  - id: acme-openai
    dialect: openai
    base_url: https://api.example.com/v1
    credential: sk-upstream-secret
    provider: openai
models:
  - id: gpt-4o-mini
    max_output_tokens: 16384
    context_tokens: 128000
    price: {input: "0.15", cached_input: "0.075", output: "0.60"}
    routes:
      - {upstream: acme-openai, name: gpt-4o-mini-2024-07-18, priority: 0, weight: 1,
         cost: {input: "0.10", output: "0.40"}}
  - id: gpt-4o
    price: {input: "2.50", output: "10"}
    routes:
      - {upstream: acme-openai, name: gpt-4o-2024-11-20}
plans:
  - {id: default, requests_per_minute: 600, tokens_per_minute: 1000000, concurrency: 100}
sites:
  - id: acme
    name: Acme AI
    domains: [acme.localhost, api.acme.localhost]
    currency: USD
    language: en
    preset: openai
    plan: default
    models: all
    prices:
      gpt-4o: {input: "3.00", output: "12"}
"""

Apply = Callable[..., list[Change]]
Command = Callable[..., dict[str, Any]]


@pytest.fixture
def apply(db: None, tmp_path: Path) -> Apply:
    """Apply the text of a catalog."""

    def run(text: str) -> list[Change]:
        document = reader.read_text(text, file="catalog.yaml", folder=tmp_path)
        return store.apply(document, file="catalog.yaml").changes

    return run


@pytest.fixture
def command(db: None, tmp_path: Path) -> Command:
    """Run `manage.py catalog ACT` on a text and answer the JSON object it prints."""

    def run(act: str, text: str) -> dict[str, Any]:
        file = tmp_path / "catalog.yaml"
        file.write_text(text, encoding="utf-8")
        output = io.StringIO()
        call_command("catalog", act, str(file), stdout=output)
        document: dict[str, Any] = json.loads(output.getvalue())
        return document

    return run
