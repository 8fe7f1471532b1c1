"""One response of a session: what is said, what it costs, and every event of it. Pure."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from devstack.demo_upstream import compose, directives, tokens, tools
from devstack.demo_upstream.compose import LENGTH, Choice, Wanted
from devstack.demo_upstream.counts import (
    AUDIO_INPUT,
    AUDIO_OUTPUT,
    CACHED_AUDIO_INPUT,
    Counts,
    count,
)
from devstack.demo_upstream.directives import Directive, Fault
from devstack.demo_upstream.errors import LEAK_MARK
from devstack.demo_upstream.realtime.conversation import Conversation, Json, size, text_of
from devstack.demo_upstream.reply import spoil
from devstack.demo_upstream.tools import Function, ToolChoice

AUDIO_TOKENS_PER_PIECE = 2  # of speech for each piece of text
_BYTES_PER_TOKEN = 2_400  # 50 ms at 24 kHz in 16 bits

Event = tuple[str, Json, int]  # type, the rest of it, and the tokens that it delivers


@dataclass(frozen=True, slots=True)
class Answer:
    directive: Directive
    choice: Choice
    usage: Counts
    is_spoken: bool


def answer(conversation: Conversation, asked: Json) -> Answer:
    """Settle the answer to `response.create`; `asked` is its `response`. Refusal 400."""
    settings = {**conversation.settings, **asked}
    items = asked["input"] if isinstance(asked.get("input"), list) else conversation.items
    users = (text_of(item) for item in reversed(items) if item.get("role") == "user")
    prompt = "\n".join([next((t for t in users if t), ""), asked.get("instructions") or ""])
    directive = directives.parse(conversation.model, prompt)
    most = settings.get("max_output_tokens", settings.get("max_response_output_tokens"))
    functions = _functions(settings)
    wanted = Wanted(
        model=conversation.model,
        prompt=prompt,
        is_stream=True,
        tokens_max=most if isinstance(most, int) else None,
        functions=functions,
        tool_choice=_choice(settings.get("tool_choice")),
        tool_result=_result(items),
    )
    (choice,) = compose.compose(wanted, directive)
    modalities = settings.get("output_modalities", settings.get("modalities", ["audio"]))
    is_spoken = "audio" in modalities and not choice.tool_calls
    sizes = [size(item) for item in items]
    text = sum(each for each, _ in sizes) + tokens.count(settings.get("instructions") or "")
    if functions:
        text += tokens.count(msgspec.json.encode(settings["tools"]).decode())
    audio = sum(each for _, each in sizes)
    spoken = len(choice.pieces) * AUDIO_TOKENS_PER_PIECE if is_spoken else 0
    usage = count(
        directive,
        prompt=text,
        completion=choice.token_count(),
        **{AUDIO_INPUT: max(0, audio - (directive.cached_audio_tokens or 0)), AUDIO_OUTPUT: spoken},
    )
    return Answer(directive, choice, usage, is_spoken)


def _functions(settings: Json) -> tuple[Function, ...]:
    offered = [tool for tool in settings.get("tools") or () if tool.get("type") == "function"]
    return tuple(
        Function(str(tool.get("name")), tool.get("description"), tool.get("parameters"))
        for tool in offered
    )


def _choice(choice: Any) -> ToolChoice:
    if isinstance(choice, dict):
        return tools.one(str(choice.get("name")))
    return {"none": tools.NONE, "required": tools.REQUIRED}.get(str(choice), tools.AUTO)


def _result(items: list[Json]) -> str | None:
    is_result = bool(items) and items[-1].get("type") == "function_call_output"
    return str(items[-1]["output"]) if is_result else None


def usage_json(counts: Counts, fault: Fault | None) -> bytes | None:
    """`usage` of response.done: text and audio apart, cached tokens inside both."""
    audio = counts[AUDIO_INPUT] + counts[CACHED_AUDIO_INPUT]
    prompt, completion = counts.prompt_tokens, counts.completion_tokens
    usage = {
        "total_tokens": prompt + completion,
        "input_tokens": prompt,
        "output_tokens": completion,
        "input_token_details": {
            "text_tokens": prompt - audio,
            "audio_tokens": audio,
            "image_tokens": 0,
            "cached_tokens": counts.cached_tokens,
            "cached_tokens_details": {
                "text_tokens": counts.cached_input_tokens,
                "audio_tokens": counts[CACHED_AUDIO_INPUT],
                "image_tokens": 0,
            },
        },
        "output_token_details": {
            "text_tokens": completion - counts[AUDIO_OUTPUT],
            "audio_tokens": counts[AUDIO_OUTPUT],
        },
    }
    return spoil(msgspec.json.encode(usage), fault)


def items(made: Answer, suffix: str, *, is_beta: bool) -> list[Json]:
    """The finished items of the answer."""
    status = "incomplete" if made.choice.finish == LENGTH else "completed"
    shared: Json = {"object": "realtime.item", "status": status}
    found: list[Json] = []
    if made.choice.pieces:
        text = made.choice.text()
        kind = "audio" if made.is_spoken else "text"
        part = {"transcript": text} if made.is_spoken else {"text": text}
        content = [{"type": kind if is_beta else f"output_{kind}", **part}]
        message = {"id": f"item_{suffix}", "type": "message", "role": "assistant"}
        found.append({**shared, **message, "content": content})
    for call in made.choice.tool_calls:
        item = {"id": f"item_{call.digest}_{suffix}", "type": "function_call", "name": call.name}
        more = {"call_id": f"call_demo_{call.digest}", "arguments": call.arguments()}
        found.append({**shared, **item, **more})
    return found


def response(made: Answer, suffix: str, fault: Fault | None, output: list[Json]) -> Json:
    """The finished Response object."""
    body: Json = {"object": "realtime.response", "id": f"resp_{suffix}", "output": output}
    if fault is Fault.FAILED:
        error = {"type": "server_error", "code": None, "message": f"Failed; {LEAK_MARK}"}
        details = {"type": "failed", "error": error}
        return {**body, "status": "failed", "status_details": details, "usage": None}
    details_: Json | None = None
    if made.choice.finish == LENGTH:
        details_ = {"type": "incomplete", "reason": "max_output_tokens"}
    elif made.choice.finish == "content_filter":
        details_ = {"type": "incomplete", "reason": "content_filter"}
    body["status"] = "completed" if details_ is None else "incomplete"
    body["status_details"] = details_
    usage = usage_json(made.usage, fault)
    if usage is not None:
        body["usage"] = msgspec.Raw(usage)
    return body


def events(made: Answer, suffix: str, output: list[Json], *, is_beta: bool) -> Iterator[Event]:
    """Everything between response.created and response.done."""
    calls = iter(made.choice.tool_calls)
    for index, item in enumerate(output):
        place: Json = {"response_id": f"resp_{suffix}", "output_index": index}
        start: Json = {**item, "status": "in_progress"}
        if item["type"] == "message":
            start["content"] = []
            inner = _message(made, {**place, "item_id": item["id"], "content_index": 0}, is_beta)
        else:
            start["arguments"] = ""
            more = {"item_id": item["id"], "call_id": item["call_id"]}
            inner = _call(next(calls).pieces, item, {**place, **more})
        tokens_of_name = int(item["type"] == "function_call")
        yield "response.output_item.added", {**place, "item": start}, tokens_of_name
        yield from inner
        yield "response.output_item.done", {**place, "item": item}, 0


def _message(made: Answer, place: Json, is_beta: bool) -> Iterator[Event]:
    prefix = "response." if is_beta else "response.output_"
    text = made.choice.text()
    kind = "audio" if made.is_spoken else "text"
    field = "transcript" if made.is_spoken else "text"
    yield "response.content_part.added", {**place, "part": {"type": kind, field: ""}}, 0
    worth = made.choice.answer_tokens if len(made.choice.pieces) == 1 else 1
    for piece in made.choice.pieces:
        if not made.is_spoken:
            yield f"{prefix}text.delta", {**place, "delta": piece}, worth
            continue
        yield f"{prefix}audio_transcript.delta", {**place, "delta": piece}, worth
        sound = base64.b64encode(bytes(_BYTES_PER_TOKEN * AUDIO_TOKENS_PER_PIECE)).decode()
        yield f"{prefix}audio.delta", {**place, "delta": sound}, AUDIO_TOKENS_PER_PIECE
    if made.is_spoken:
        yield f"{prefix}audio.done", place, 0
        yield f"{prefix}audio_transcript.done", {**place, "transcript": text}, 0
    else:
        yield f"{prefix}text.done", {**place, "text": text}, 0
    yield "response.content_part.done", {**place, "part": {"type": kind, field: text}}, 0


def _call(pieces: tuple[str, ...], item: Json, place: Json) -> Iterator[Event]:
    for piece in pieces:
        yield "response.function_call_arguments.delta", {**place, "delta": piece}, 1
    done = {**place, "name": item["name"], "arguments": item["arguments"]}
    yield "response.function_call_arguments.done", done, 0
