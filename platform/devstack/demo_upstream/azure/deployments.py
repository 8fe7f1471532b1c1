"""An operation of a deployment: OpenAI's own, for the model that the path names.

Source: Azure OpenAI REST API reference (data plane inference, 2024-10-21 and v1) and the guide
"Content filtering", read 2026-11.
"""

from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any

import msgspec

from devstack.demo_upstream.asked import Asked
from devstack.demo_upstream.decoding import read_json
from devstack.demo_upstream.directives import Fault
from devstack.demo_upstream.errors import Refusal
from devstack.demo_upstream.openai import chat
from devstack.demo_upstream.openai.chat import ChatReply
from devstack.demo_upstream.reply import Frame, Reply, Stamp

BLOCKED = "blocked"  # finish=blocked: the content filter refuses the prompt itself
_CATEGORIES = ("hate", "self_harm", "sexual", "violence")
_SAFE = {name: {"filtered": False, "severity": "safe"} for name in _CATEGORIES}
_PROMPT_FILTER = [{"prompt_index": 0, "content_filter_results": _SAFE}]


class AzureChatReply(ChatReply):
    """A chat completion with what the content filter found."""

    def whole(self, stamp: Stamp, fault: Fault | None) -> bytes:
        plain = super().whole(stamp, fault)
        if fault is Fault.NAN_USAGE or self.directive.size_bytes is not None:
            return plain  # no JSON that can be read, or too much of it
        body = msgspec.json.decode(plain)
        body["prompt_filter_results"] = _PROMPT_FILTER
        for choice in body["choices"]:
            choice["content_filter_results"] = _SAFE
        return msgspec.json.encode(body)

    def frames(self, stamp: Stamp, fault: Fault | None) -> Iterator[Frame]:
        """Azure's first chunk has no choice, no id and no model."""
        first: dict[str, Any] = {"choices": [], "created": 0, "id": "", "model": "", "object": ""}
        yield Frame(msgspec.json.encode({**first, "prompt_filter_results": _PROMPT_FILTER}))
        yield from super().frames(stamp, fault)


def operation(reply: Callable[[Asked], Reply]) -> Callable[[Asked], Reply]:
    """The operation for the deployment in the path; Refusal 404 when there is none."""

    def for_deployment(asked: Asked) -> Reply:
        deployment = asked.path["deployment"]
        if "api-version" not in asked.query:
            raise Refusal(404, "Resource not found")
        if deployment.startswith("missing-"):
            raise Refusal(
                404,
                "The API deployment for this resource does not exist. If you created the "
                "deployment within the last 5 minutes, please wait a moment and try again.",
                code="DeploymentNotFound",
            )
        body = read_json(asked.body)
        if not isinstance(body, dict):
            raise Refusal(400, "The request is not an object.")
        named = msgspec.json.encode({**body, "model": deployment})
        return reply(Asked(named, asked.scope, asked.shelf, asked.path))

    return for_deployment


def chat_reply(asked: Asked) -> Reply:
    """A chat completion as Azure has it; Refusal when the request is wrong, or filtered."""
    plain = chat.reply_to(asked.body)
    if plain.directive.finish == BLOCKED:
        raise Refusal(
            400,
            "The response was filtered due to the prompt triggering Azure OpenAI's content "
            "management policy. Please modify your prompt and retry.",
            code="content_filter",
            param="prompt",
        )
    return AzureChatReply(**{each.name: getattr(plain, each.name) for each in fields(plain)})
