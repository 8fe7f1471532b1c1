"""Moderations: flagged is what says so in plain words ("kill", "hate", ...). Not billed by vendors.

Source: OpenAI API reference, "Create moderation", read 2026-11.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from devstack.demo_upstream import directives, tokens
from devstack.demo_upstream.asked import Asked
from devstack.demo_upstream.counts import count
from devstack.demo_upstream.decoding import check_model, decode
from devstack.demo_upstream.directives import Fault
from devstack.demo_upstream.errors import Refusal
from devstack.demo_upstream.reply import Reply, Stamp

DEFAULT_MODEL = "omni-moderation-latest"

_BOTH = ["text", "image"]
# Category: the word that flags a text, and the kinds of input that the category is judged on.
_CATEGORIES: dict[str, tuple[str, list[str]]] = {
    "harassment": ("idiot", ["text"]),
    "harassment/threatening": ("threat", ["text"]),
    "hate": ("hate", ["text"]),
    "hate/threatening": ("genocide", ["text"]),
    "illicit": ("burglary", ["text"]),
    "illicit/violent": ("bomb", ["text"]),
    "self-harm": ("self-harm", _BOTH),
    "self-harm/instructions": ("self-harm guide", _BOTH),
    "self-harm/intent": ("hurt myself", _BOTH),
    "sexual": ("sexual", _BOTH),
    "sexual/minors": ("sexual minor", ["text"]),
    "violence": ("kill", _BOTH),
    "violence/graphic": ("gore", _BOTH),
}


class ModerationsRequest(msgspec.Struct):
    input: str | list[str | dict[str, Any]]
    model: str = DEFAULT_MODEL


@dataclass(frozen=True, eq=False, kw_only=True)
class ModerationsReply(Reply):
    """One result for each text; text and image parts together are one input."""

    inputs: list[tuple[str, set[str]]]  # the text, and the kinds of its parts

    def whole(self, stamp: Stamp, fault: Fault | None) -> bytes:
        asked = [] if fault is Fault.EMPTY else self.inputs
        results = [_result(text, kinds) for text, kinds in asked]
        body = {"id": f"modr-{stamp.suffix}", "model": self.model, "results": results}
        return msgspec.json.encode(body)


_DECODER = msgspec.json.Decoder(ModerationsRequest)


def reply(asked: Asked) -> Reply:
    """Refusal when the request is wrong."""
    request = decode(_DECODER, asked.body)
    check_model(request.model)
    inputs = _inputs(request.input)
    text = "\n".join(text for text, _ in inputs)
    directive = directives.parse(request.model, text)
    usage = count(directive, prompt=tokens.count(text))
    return ModerationsReply(model=request.model, directive=directive, usage=usage, inputs=inputs)


def _inputs(given: str | list[str | dict[str, Any]]) -> list[tuple[str, set[str]]]:
    if isinstance(given, str):
        return [(given, {"text"})]
    if not given:
        raise Refusal(400, "The input is empty.", param="input")
    texts = [each for each in given if isinstance(each, str)]
    if len(texts) == len(given):
        return [(text, {"text"}) for text in texts]
    return [_parts(given)]


def _parts(given: list[str | dict[str, Any]]) -> tuple[str, set[str]]:
    texts: list[str] = []
    kinds: set[str] = set()
    for number, part in enumerate(given):
        at = f"input[{number}]"
        kind = part.get("type") if isinstance(part, dict) else None
        if kind not in ("text", "image_url") or not isinstance(part, dict):
            raise Refusal(400, "Texts or parts, but not both.", param=f"{at}.type")
        wanted = str if kind == "text" else dict
        if not isinstance(part.get(kind), wanted):
            raise Refusal(400, f"Missing '{kind}'.", param=f"{at}.{kind}")
        kinds.add("text" if kind == "text" else "image")
        texts.append(str(part["text"]) if kind == "text" else "")
    return "\n".join(texts), kinds


def _result(text: str, kinds: set[str]) -> dict[str, Any]:
    lower = directives.strip(text).lower()
    flags = {name: word in lower for name, (word, _) in _CATEGORIES.items()}
    return {
        "flagged": any(flags.values()),
        "categories": flags,
        "category_scores": {name: 0.98 if flag else 0.0001 for name, flag in flags.items()},
        "category_applied_input_types": {
            name: [kind for kind in judged if kind in kinds]
            for name, (_, judged) in _CATEGORIES.items()
        },
    }
