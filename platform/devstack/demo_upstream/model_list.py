"""The model lists, in the shape of each dialect. Any other name is answered as well."""

from typing import Any

import msgspec

from devstack.demo_upstream.decoding import check_model

MODELS = ("demo-model", "demo-large", "demo-mini")
MODELS_CREATED = 1_767_225_600  # 2026-01-01: a fixed date, so that the list never changes


def openai_models(model: str) -> bytes:
    """All models, or the one that is named; Refusal 404 when it is missing."""
    if not model:
        data = [_openai_model(name) for name in MODELS]
        return msgspec.json.encode({"object": "list", "data": data})
    check_model(model)
    return msgspec.json.encode(_openai_model(model))


def _openai_model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": MODELS_CREATED, "owned_by": "tollgate-demo"}
