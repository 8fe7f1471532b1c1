"""The form of the answer, as Anthropic's models take it.

A strict schema goes into `output_config.format`, which knows strict schemas only (Anthropic,
"Structured outputs", read 2026-11). Any other JSON is asked for by a tool that must be called;
`answer` and `stream` turn its arguments back into text, by its name.
"""

from typing import Any

import msgspec

from relay.proxy.dialects.conversation import Conversation, OutputKind

# A name that no caller would give to a tool of theirs.
JSON_TOOL = "tollgate_json_answer"
_ANY_OBJECT = msgspec.Raw(b'{"type":"object","additionalProperties":true}')


class _Root(msgspec.Struct):
    type: msgspec.Raw = msgspec.Raw(b"null")


_root = msgspec.json.Decoder(_Root)


def add(body: dict[str, Any], conversation: Conversation) -> None:
    """Put the wanted form into `body`. Raises ApiError where Anthropic cannot promise it."""
    output = conversation.output
    if output is None or output.kind is OutputKind.TEXT:
        return
    if output.kind is OutputKind.SCHEMA and output.schema is None:
        raise conversation.not_carried("output")
    is_free = not conversation.tools and body.get("thinking", {}).get("type") in (None, "disabled")
    if output.kind is OutputKind.SCHEMA and output.schema is not None:
        if output.strict or not is_free or not _is_of_object(output.schema):
            form = {"type": "json_schema", "schema": output.schema}
            body["output_config"] = {**body.get("output_config", {}), "format": form}
            return
    elif not is_free:  # a tool cannot be forced beside thinking, nor beside the caller's own
        raise conversation.not_carried("output")
    body["tools"] = [
        {
            "name": JSON_TOOL,
            "description": output.description or "Give the answer.",
            "input_schema": output.schema or _ANY_OBJECT,
        }
    ]
    body["tool_choice"] = {
        "type": "tool",
        "name": JSON_TOOL,
        "disable_parallel_tool_use": True,
    }


def _is_of_object(schema: msgspec.Raw) -> bool:
    """Whether the schema is one that a tool's input can have."""
    try:
        return bytes(_root.decode(schema).type) == b'"object"'
    except msgspec.DecodeError:
        return False
