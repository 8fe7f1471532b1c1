"""The chat requests of five sellers' API pages, as those pages write them: each is accepted on a
site of its own, passed on unchanged, and answered under the name that was asked for."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import openai
import pytest

from tests.faults.calls import new_mark
from tests.faults.cluster import Cluster, Customer
from tests.scenarios.catalog import SOLD
from tests.scenarios.sdk import OpenClient
from tests.scenarios.wire import Wire, upstream_call

pytestmark = [pytest.mark.stack, pytest.mark.timeout(300)]

OURS = {"model", "stream_options", "user"}  # `user` is the test's own mark

SYSTEM = {"role": "system", "content": "You are a helpful assistant."}
QUANTUM = [SYSTEM, {"role": "user", "content": "Explain quantum mechanics in simple terms."}]
QINGCHENG = [{"role": "user", "content": "你好,请介绍一下青城数智平台"}]
WHO = [SYSTEM, {"role": "user", "content": "你是誰?"}]
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "获取指定城市的天气",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string", "description": "城市名称"}},
            "required": ["city"],
        },
    },
}
# As the page has it: one tool without parameters, one with `required` beside them.
TIME_AND_WEATHER = [
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
TOOL_ROUND = [
    {"role": "user", "content": "杭州天氣怎麼樣?"},
    {
        "role": "assistant",
        "content": "",
        "refusal": None,
        "function_call": None,
        "tool_calls": [
            {
                "id": "call_1",
                "type": "function",
                "function": {"name": "get_current_weather", "arguments": '{"location": "杭州市"}'},
                "index": 0,
            }
        ],
    },
    {"name": "get_current_weather", "role": "tool", "content": "杭州市今天是雨天。 "},
]


@dataclass(frozen=True, slots=True)
class Page:
    """A request of one page. `key_header` is where that page puts the key."""

    site: str
    body: dict[str, Any]
    path: str = "/v1/chat/completions"
    key_header: str = "authorization"
    headers: dict[str, str] = field(default_factory=dict)


def _bigdog(model: str, messages: list[Any], **more: Any) -> Page:
    return Page("bigdog", {"model": model, "messages": messages, **more})


def _baystone(model: str, messages: list[Any], **more: Any) -> Page:
    return Page("baystone", {"model": model, "messages": messages, **more})


def _qingcheng(**more: Any) -> Page:
    body = {"model": "deepseek-chat", "messages": QINGCHENG, "temperature": 0.7, **more}
    provider = {"x-ai-provider": "deepseek"}
    return Page("qingcheng", body, key_header="x-api-key", headers=provider)


def _xidao(model: str, messages: list[Any], **more: Any) -> Page:
    return Page("xidao", {"model": model, "messages": messages, **more})


def _studio(messages: list[Any], **more: Any) -> Page:
    body = {"model": "qwen-plus", "messages": messages, **more}
    return Page("studio", body, path="/compatible-mode/v1/chat/completions")


HELLO = [{"role": "user", "content": "Hello!"}]
PAGES = {
    "bigdog-example": _bigdog(
        "qwen-turbo",
        [
            {"role": "system", "content": "你是专业助手"},
            {"role": "user", "content": "解释什么是API网关"},
        ],
        temperature=0.7,
        max_tokens=1000,
    ),
    "bigdog-stream": _bigdog("qwen-turbo", [{"role": "user", "content": "写一首诗"}], stream=True),
    "bigdog-tools": _bigdog(
        "qwen-plus",
        [{"role": "user", "content": "北京今天天气怎么样?"}],
        tools=[WEATHER],
        tool_choice="auto",
    ),
    "bigdog-json": _bigdog(
        "qwen-plus",
        [
            {"role": "system", "content": "请以JSON格式输出"},
            {"role": "user", "content": "列出3个编程语言及其特点"},
        ],
        response_format={"type": "json_object"},
    ),
    "baystone-example": _baystone("deepseek-r1-distill-qwen-14b", QUANTUM, temperature=0.7),
    "baystone-stream": _baystone("deepseek-r1-distill-qwen-14b", QUANTUM, stream=True),
    "baystone-history": _baystone(
        "gpt-4",
        [
            SYSTEM,
            {"role": "user", "content": "What is the capital of France?"},
            {"role": "assistant", "content": "The capital of France is Paris."},
        ],
    ),
    "baystone-every-parameter": _baystone(
        "gpt-3.5-turbo",
        QUANTUM,
        temperature=1.0,
        max_tokens=64,
        top_p=1.0,
        frequency_penalty=-2.0,
        presence_penalty=2.0,
        stop=["\n\n", "END"],
        stream=False,
        logprobs=5,
        n=2,
    ),
    "baystone-stop-as-text": _baystone("gpt-4", QUANTUM, stop="END", logprobs=1, stream=True),
    "qingcheng-curl": _qingcheng(max_tokens=1000, stream=True),
    "qingcheng-python": _qingcheng(),
    "qingcheng-javascript-stream": _qingcheng(stream=True),
    "xidao-curl": _xidao(
        "gpt-5.4",
        [SYSTEM, {"role": "user", "content": "Hello! Please introduce yourself."}],
        temperature=0.7,
        max_tokens=1024,
        stream=False,
    ),
    "xidao-gemini": _xidao("gemini-2.5-flash", HELLO),
    "xidao-every-parameter": _xidao(
        "claude-opus-4-7",
        [{"role": "user", "content": [{"type": "text", "text": "Hello!"}]}],
        stream=True,
        temperature=0,
        max_tokens=50,
        top_p=0.5,
        presence_penalty=-2,
        frequency_penalty=2,
        stop=["a1", "b2", "c3", "d4"],
        tools=[WEATHER],
        tool_choice="none",
        response_format={"type": "text"},
        n=1,
        logprobs=False,
    ),
    "studio-curl": _studio(WHO),
    "studio-curl-stream": _studio(WHO, stream=True),
    "studio-usage": _studio(WHO, stream=True, stream_options={"include_usage": True}),
    "studio-tools": _studio(
        [{"role": "user", "content": "杭州和北京天氣怎麼樣?現在幾點了?"}], tools=TIME_AND_WEATHER
    ),
    "studio-tool-round": _studio(TOOL_ROUND, tools=TIME_AND_WEATHER),
    "studio-stop-as-token-ids": _studio(WHO, stop=[108386, 104307], seed=2**64 - 1, n=4),
    "studio-stop-as-lists-of-ids": _studio(WHO, stop=[[108386, 103924], [35946, 101243]]),
    "studio-stop-as-words": _studio(WHO, stop=["你好", "天氣"], top_p=0.8, presence_penalty=-2.0),
}


@pytest.fixture(scope="module")
def sellers(deployment: Cluster) -> dict[str, Customer]:
    orders = [{"amount": "50.00", "site": site} for site in SOLD]
    return dict(zip(SOLD, deployment.cast(orders), strict=True))


def _models(answer: str, is_stream: bool) -> Iterator[str]:
    """The `model` of the answer, or of each of its chunks."""
    if not is_stream:
        yield json.loads(answer)["model"]
        return
    lines = [line[6:] for line in answer.splitlines() if line.startswith("data: {")]
    for line in lines:
        yield json.loads(line)["model"]


@pytest.mark.parametrize("name", PAGES)
def test_a_documented_request_is_accepted_and_passed_on_unchanged(
    deployment: Cluster, wire: Wire, sellers: dict[str, Customer], name: str
) -> None:
    page, mark = PAGES[name], new_mark()
    secret = sellers[page.site].secret
    key = f"Bearer {secret}" if page.key_header == "authorization" else secret
    answer = wire.post(
        None,
        page.body | {"user": mark},
        host=f"{page.site}.localhost",
        path=page.path,
        headers=page.headers | {page.key_header: key},
    )
    assert answer.status_code == 200, answer.text
    is_stream = bool(page.body.get("stream"))
    assert answer.text.endswith("data: [DONE]\n\n") == is_stream
    assert set(_models(answer.text, is_stream)) == {page.body["model"]}
    seen = upstream_call(deployment, mark)
    given = {name: value for name, value in page.body.items() if name not in OURS}
    assert {name: value for name, value in seen["body"].items() if name not in OURS} == given
    assert seen["body"]["model"] == f"{page.body['model']}-upstream"
    assert seen["authorized"]


@pytest.mark.parametrize("site", SOLD)
def test_a_site_lists_the_models_that_it_sells(
    open_client: OpenClient, sellers: dict[str, Customer], site: str
) -> None:
    client = open_client(sellers[site], host=f"{site}.localhost")
    assert [model.id for model in client.models.list()] == sorted(SOLD[site])


def test_a_base_path_of_its_own_serves_the_client_as_well(
    deployment: Cluster, sellers: dict[str, Customer]
) -> None:
    root = deployment.relays[0][1].removesuffix("/v1")
    with openai.OpenAI(
        base_url=f"{root}/compatible-mode/v1",
        api_key=sellers["studio"].secret,
        default_headers={"host": "studio.localhost"},
    ) as client:
        messages: Any = WHO
        answer = client.chat.completions.create(model="qwen-plus", messages=messages)
        assert answer.choices[0].finish_reason == "stop"
        assert client.models.retrieve("qwen-max").id == "qwen-max"
