"""What Anthropic refuses in the turns of a conversation. Raises Refusal 400; never answers."""

import re
from typing import Any

from devstack.demo_upstream.anthropic.request import (
    CACHE_MARKS_MAX,
    Block,
    Message,
    MessagesRequest,
    sizes,
)
from devstack.demo_upstream.anthropic.thoughts import is_ours, is_signed
from devstack.demo_upstream.errors import Refusal

_USER_KINDS = {"text", "image", "document", "tool_result", "search_result"}
_ASSISTANT_KINDS = {"text", "tool_use", "thinking", "redacted_thinking"}
_RESULT_KINDS = {"text", "image", "document", "search_result"}
_THINKING_KINDS = ("thinking", "redacted_thinking")
_IMAGES = {"image/jpeg", "image/png", "image/gif", "image/webp"}
_ID = re.compile(r"[a-zA-Z0-9_-]+")


def check(request: MessagesRequest) -> None:
    """Refusal 400 for everything that a strict server would find."""
    _check_thinking(request)
    _check_tools(request)
    for number, block in enumerate(request.system_blocks()):
        if block.get("type") != "text":
            raise Refusal(400, "Input should be 'text'", param=f"system.{number}.type")
        _check_text(block, f"system.{number}")
    pending: set[str] = set()
    for number, message in enumerate(request.messages):
        at = f"messages.{number}"
        _check_role(message, at)
        is_last = number == len(request.messages) - 1
        blocks = message.blocks()
        if not message.content and not (is_last and message.role == "assistant"):
            raise Refusal(400, "all messages must have non-empty content", param=at)
        for index, block in enumerate(blocks):
            _check_block(block, message.role, f"{at}.content.{index}")
        pending = _check_pairs(message, blocks, pending, at)
    _check_end(request)
    marks = sum(mark is not None for _, mark in sizes(request))
    if marks > CACHE_MARKS_MAX:
        message_text = f"A maximum of {CACHE_MARKS_MAX} blocks with cache_control may be provided."
        raise Refusal(400, f"{message_text} Found {marks}.")


def _check_role(message: Message, at: str) -> None:
    if message.role == "system":
        raise Refusal(
            400,
            'Unexpected role "system". The Messages API accepts a top-level `system` parameter, '
            'not "system" as an input message role.',
            param="messages",
        )
    if message.role not in ("user", "assistant"):
        raise Refusal(400, "Input should be 'user' or 'assistant'", param=f"{at}.role")


def _check_block(block: Block, role: str, at: str) -> None:
    kind = block.get("type")
    allowed = _USER_KINDS if role == "user" else _ASSISTANT_KINDS
    if kind not in allowed:
        message = f"Input tag '{kind}' found using 'type' does not match any of the expected tags"
        raise Refusal(400, message, param=at)
    mark = block.get("cache_control")
    if mark is not None:
        _check_mark(mark, at)
    check = _CHECKS.get(kind)
    if check is not None:
        check(block, at)


def _check_mark(mark: Any, at: str) -> None:
    is_right = isinstance(mark, dict) and mark.get("type") == "ephemeral"
    if not is_right or mark.get("ttl", "5m") not in ("5m", "1h"):
        raise Refusal(400, "Input should be an ephemeral mark of 5m or 1h", param=at)


def _need(block: Block, name: str, kind: type, at: str) -> Any:
    value = block.get(name)
    if value is None:
        raise Refusal(400, "Field required", param=f"{at}.{block['type']}.{name}")
    if not isinstance(value, kind):
        path = f"{at}.{block['type']}.{name}"
        raise Refusal(400, f"Input should be a valid {kind.__name__}", param=path)
    return value


def _check_text(block: Block, at: str) -> None:
    if not _need(block, "text", str, at):
        raise Refusal(400, "text content blocks must be non-empty", param="messages")


def _check_media(block: Block, at: str) -> None:
    source = _need(block, "source", dict, at)
    kind = source.get("type")
    needed = {
        "base64": ("media_type", "data"),
        "url": ("url",),
        "file": ("file_id",),
        "text": ("media_type", "data"),
        "content": ("content",),
    }.get(str(kind))
    is_wrong = block["type"] == "image" and kind in ("text", "content")
    if needed is None or is_wrong:
        raise Refusal(400, f"Input tag '{kind}' does not match", param=f"{at}.source")
    for name in needed:
        if source.get(name) is None:
            raise Refusal(400, "Field required", param=f"{at}.{block['type']}.source.{kind}.{name}")
    if block["type"] == "image" and kind == "base64" and source["media_type"] not in _IMAGES:
        path = f"{at}.image.source.base64.media_type"
        raise Refusal(400, f"Input should be one of {sorted(_IMAGES)}", param=path)


def _check_tool_use(block: Block, at: str) -> None:
    _need(block, "name", str, at)
    _need(block, "input", dict, at)
    if not _ID.fullmatch(_need(block, "id", str, at)):
        message = "String should match pattern '^[a-zA-Z0-9_-]+$'"
        raise Refusal(400, message, param=f"{at}.tool_use.id")


def _check_result(block: Block, at: str) -> None:
    _need(block, "tool_use_id", str, at)
    content = block.get("content")
    if content is not None and not isinstance(content, str | list):
        raise Refusal(400, "Input should be a valid string", param=f"{at}.tool_result.content")
    for index, part in enumerate(content if isinstance(content, list) else ()):
        where = f"{at}.tool_result.content.{index}"
        kind = part.get("type") if isinstance(part, dict) else None
        if kind not in _RESULT_KINDS:
            raise Refusal(400, f"Input tag '{kind}' does not match", param=where)
        check = _CHECKS.get(kind)
        if check is not None:
            check(part, where)


def _check_thought(block: Block, at: str) -> None:
    thinking = _need(block, "thinking", str, at)
    if not is_signed(thinking, _need(block, "signature", str, at)):
        raise Refusal(400, "Invalid `signature` in `thinking` block", param=at)


def _check_redacted(block: Block, at: str) -> None:
    if not is_ours(_need(block, "data", str, at)):
        raise Refusal(400, "Invalid `data` in `redacted_thinking` block", param=at)


_CHECKS = {
    "text": _check_text,
    "image": _check_media,
    "document": _check_media,
    "tool_use": _check_tool_use,
    "tool_result": _check_result,
    "thinking": _check_thought,
    "redacted_thinking": _check_redacted,
}


def _check_pairs(message: Message, blocks: list[Block], pending: set[str], at: str) -> set[str]:
    """Every call is answered in the very next turn, and only calls are; returns the new calls."""
    results = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
    for index, block in enumerate(blocks):
        if block["type"] == "tool_result" and block["tool_use_id"] not in pending:
            raise Refusal(
                400,
                "unexpected `tool_use_id` found in `tool_result` blocks: "
                f"{block['tool_use_id']}. Each `tool_result` block must have a corresponding "
                "`tool_use` block in the previous message.",
                param=f"{at}.content.{index}",
            )
    missing = pending - set(results)
    if missing:
        raise Refusal(
            400,
            "`tool_use` ids were found without `tool_result` blocks immediately after: "
            f"{', '.join(sorted(missing))}. Each `tool_use` block must have a corresponding "
            "`tool_result` block in the next message.",
            param=at,
        )
    return {block["id"] for block in blocks if block["type"] == "tool_use"}


def _check_thinking(request: MessagesRequest) -> None:
    thinking = request.thinking
    if thinking is None or thinking.type == "disabled":
        return
    if thinking.type == "enabled":
        if thinking.budget_tokens is None:
            raise Refusal(400, "Field required", param="thinking.enabled.budget_tokens")
        if thinking.budget_tokens >= request.max_tokens:
            raise Refusal(400, "`max_tokens` must be greater than `thinking.budget_tokens`.")
    if request.temperature not in (None, 1):
        raise Refusal(400, "`temperature` may only be set to 1 when thinking is enabled.")
    if request.top_k is not None:
        raise Refusal(400, "`top_k` must be unset when thinking is enabled.")
    if request.tool_choice is not None and request.tool_choice.type in ("any", "tool"):
        raise Refusal(400, "Thinking may not be enabled when tool_choice forces tool use.")


def _check_tools(request: MessagesRequest) -> None:
    names = [tool.name for tool in request.tools or ()]
    if len(set(names)) < len(names):
        raise Refusal(400, "Tool names must be unique.", param="tools")
    if request.tool_choice is not None and not names:
        raise Refusal(400, "may only be specified while providing `tools`.", param="tool_choice")
    for number, tool in enumerate(request.tools or ()):
        if not tool.is_custom():
            continue
        if tool.input_schema is None:
            raise Refusal(400, "Field required", param=f"tools.{number}.custom.input_schema")
        if tool.input_schema.get("type") != "object":
            path = f"tools.{number}.custom.input_schema.type"
            raise Refusal(400, "Input should be 'object'", param=path)
        if tool.cache_control is not None:
            _check_mark(tool.cache_control, f"tools.{number}.custom.cache_control")
    for number, stop in enumerate(request.stop_sequences or ()):
        if not stop.strip():
            path = f"stop_sequences.{number}"
            raise Refusal(400, "each stop sequence must contain non-whitespace", param=path)


def _check_end(request: MessagesRequest) -> None:
    last = request.messages[-1]
    if last.role == "assistant":
        blocks = last.blocks()
        if blocks and blocks[-1]["type"] == "tool_use":
            raise Refusal(
                400, "`tool_use` ids were found without `tool_result` blocks", param="messages"
            )
        if blocks and str(blocks[-1].get("text", "")).endswith((" ", "\n", "\t")):
            message = "final assistant content cannot end with trailing whitespace"
            raise Refusal(400, message, param="messages")
    if not request.thinks():
        return
    for number in range(len(request.messages) - 1, -1, -1):
        message_ = request.messages[number]
        if message_.role != "assistant":
            continue
        kinds = [block["type"] for block in message_.blocks()]
        if "tool_use" in kinds and kinds[0] not in _THINKING_KINDS:
            raise Refusal(
                400,
                f"Expected `thinking` or `redacted_thinking`, but found `{kinds[0]}`. When "
                "`thinking` is enabled, a final `assistant` message must start with a thinking "
                "block.",
                param=f"messages.{number}.content.0.type",
            )
        return
