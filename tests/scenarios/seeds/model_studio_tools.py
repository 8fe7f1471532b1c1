"""Model Studio's program that calls functions (lines 213-327 of its page), with its output returned
rather than printed, and its input given rather than typed."""

import json
from datetime import datetime
from typing import Any

import openai

# One tool without parameters; one with `required` beside them rather than inside.
TOOLS: list[Any] = [
    {
        "type": "function",
        "function": {
            "name": "get_current_time",
            "description": "當你想知道現在的時間時非常有用。",
            "parameters": {},
        },
    },
    {
        "type": "function",
        "function": {
            "name": "get_current_weather",
            "description": "當你想查詢指定城市的天氣時非常有用。",
            "parameters": {
                "type": "object",
                "properties": {
                    "location": {
                        "type": "string",
                        "description": "城市或縣區,比如北京市、杭州市、餘杭區等。",
                    }
                },
            },
            "required": ["location"],
        },
    },
]


def get_current_weather(location: str) -> str:
    """Line 261."""
    return f"{location}今天是雨天。 "


def get_current_time() -> str:
    """Line 265."""
    now = datetime.now()  # noqa: DTZ005 -- as the page has it
    return f"目前時間:{now:%Y-%m-%d %H:%M:%S}。"


def get_response(client: openai.OpenAI, messages: list[Any]) -> dict[str, Any]:
    """Line 274."""
    completion = client.chat.completions.create(model="qwen-plus", messages=messages, tools=TOOLS)
    return completion.model_dump()


def call_with_messages(client: openai.OpenAI, question: str) -> tuple[dict[str, Any], list[str]]:
    """Line 282. The model's last message, and the tools that it called on the way."""
    called: list[str] = []
    messages: list[Any] = [{"content": question, "role": "user"}]
    assistant_output = get_response(client, messages)["choices"][0]["message"]
    if assistant_output["content"] is None:
        assistant_output["content"] = ""
    messages.append(assistant_output)
    while assistant_output["tool_calls"] is not None:
        function = assistant_output["tool_calls"][0]["function"]
        called.append(function["name"])
        tool_info = {"name": function["name"], "role": "tool"}
        if function["name"] == "get_current_weather":
            location = json.loads(function["arguments"])["location"]
            tool_info["content"] = get_current_weather(location)
        elif function["name"] == "get_current_time":
            tool_info["content"] = get_current_time()
        messages.append(tool_info)
        assistant_output = get_response(client, messages)["choices"][0]["message"]
        if assistant_output["content"] is None:
            assistant_output["content"] = ""
        messages.append(assistant_output)
    return assistant_output, called
