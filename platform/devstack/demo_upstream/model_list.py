"""The model lists, in the shape of each dialect. Any other name is answered as well."""

from typing import Any

import msgspec

from devstack.demo_upstream.decoding import check_model
from devstack.demo_upstream.shapes import ANTHROPIC, GOOGLE, Shape

MODELS = ("demo-model", "demo-large", "demo-mini")
MODELS_CREATED = 1_767_225_600  # 2026-01-01: a fixed date, so that the list never changes


def models(shape: Shape, model: str) -> bytes:
    """All models, or the one that is named; Refusal 404 when it is missing."""
    if shape is GOOGLE:
        return gemini_models(model)
    return anthropic_models(model) if shape is ANTHROPIC else openai_models(model)


def openai_models(model: str) -> bytes:
    """The list, or one of it, in OpenAI's shape."""
    if not model:
        data = [_openai_model(name) for name in MODELS]
        return msgspec.json.encode({"object": "list", "data": data})
    check_model(model)
    return msgspec.json.encode(_openai_model(model))


def _openai_model(name: str) -> dict[str, Any]:
    return {"id": name, "object": "model", "created": MODELS_CREATED, "owned_by": "tollgate-demo"}


def anthropic_models(model: str) -> bytes:
    """The same in Anthropic's shape."""
    if model:
        check_model(model)
        return msgspec.json.encode(_anthropic_model(model))
    data = [_anthropic_model(name) for name in MODELS]
    ends = {"first_id": MODELS[0], "last_id": MODELS[-1]}
    return msgspec.json.encode({"data": data, "has_more": False, **ends})


def _anthropic_model(name: str) -> dict[str, Any]:
    created = "2026-01-01T00:00:00Z"
    return {"type": "model", "id": name, "display_name": f"Demo {name}", "created_at": created}


def gemini_models(model: str) -> bytes:
    """The same in Google's shape."""
    if model:
        check_model(model)
        return msgspec.json.encode(_gemini_model(model))
    return msgspec.json.encode({"models": [_gemini_model(name) for name in MODELS]})


def _gemini_model(name: str) -> dict[str, Any]:
    return {
        "name": f"models/{name}",
        "version": "001",
        "displayName": f"Demo {name}",
        "description": "No real model.",
        "inputTokenLimit": 1_048_576,
        "outputTokenLimit": 65_536,
        "supportedGenerationMethods": ["generateContent", "countTokens", "embedContent"],
        "temperature": 1,
        "topP": 0.95,
        "topK": 64,
    }
