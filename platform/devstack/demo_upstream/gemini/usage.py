"""usageMetadata: thoughts stand beside the candidates, cached tokens in the prompt. Pure."""

from collections.abc import Mapping
from typing import Any

import msgspec

from devstack.demo_upstream.counts import AUDIO_INPUT, IMAGE_INPUT, Counts


def usage_metadata(
    counts: Counts,
    *,
    tool_prompt: int,
    thoughts: int,
    candidates: int,
) -> bytes:
    """The object as JSON; Google leaves out what is zero, but never the total."""
    prompt = counts.prompt_tokens - tool_prompt
    audio, images = counts[AUDIO_INPUT], counts[IMAGE_INPUT]
    usage: dict[str, Any] = {
        "promptTokenCount": prompt,
        "candidatesTokenCount": candidates,
        "totalTokenCount": prompt + candidates + thoughts + tool_prompt,
        "cachedContentTokenCount": counts.cached_tokens,
        "promptTokensDetails": details(
            {"TEXT": prompt - audio - images, "IMAGE": images, "AUDIO": audio}
        ),
        "cacheTokensDetails": details({"TEXT": counts.cached_tokens}),
        "candidatesTokensDetails": details({"TEXT": candidates}),
        "thoughtsTokenCount": thoughts,
        "toolUsePromptTokenCount": tool_prompt,
        "toolUsePromptTokensDetails": details({"TEXT": tool_prompt}),
    }
    kept = {k: v for k, v in usage.items() if v or k == "totalTokenCount"}
    return msgspec.json.encode(kept)


def details(by_modality: Mapping[str, int]) -> list[dict[str, Any]]:
    """The tokens of each modality that has any."""
    return [{"modality": name, "tokenCount": count} for name, count in by_modality.items() if count]
