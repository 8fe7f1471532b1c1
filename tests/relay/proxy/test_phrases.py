"""What is wrong with a request is said in one language, not in two."""

import ast
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import relay.proxy
from relay.proxy import error_contract, errors, phrases
from relay.proxy.dialect import Dialect
from relay.proxy.dialects.chat.envelope import envelope
from relay.proxy.errors import ApiError, Cause
from tests.relay.proxy.fakes import chat_body

PHRASES = [
    ("the body must be a JSON object", "请求正文必须是 JSON 对象"),
    ("'messages' is empty", "“messages”不能为空"),
    ("'messages': must not be empty", "“messages”不能为空"),
    ("'n' must be a whole number, 1 to 16", "“n”必须是 1 到 16 之间的整数"),
    ("'n': must be a whole number, 1 to 16", "“n”必须是 1 到 16 之间的整数"),
    ("'stream' must be bool | null, not str", "“stream”应为 bool | null，实际为 str"),
    ("'items[0].size': expected int, got str", "“items[0].size”应为 int，实际为 str"),
    ("'x': expected int >= 0", "“x”应为 int >= 0"),
    ("'top_k' is not supported for this model", "“top_k”不受该模型支持"),
    ("'temperature': must be 0 to 1 for this model", "“temperature”必须在 0 到 1 之间"),
    ("'effort': must be one of low, high", "“effort”必须是以下之一：low, high"),
    ("'budget_tokens': must be less than 'max_tokens'", "“budget_tokens”必须小于“max_tokens”"),
    ("'a': cannot stand beside 'b'", "“a”不能与“b”同时使用"),
    ("'stop': at most 5 are possible for this model", "“stop”对该模型最多为 5 个"),
    ("'m[1]': answers no tool call of this conversation", "“m[1]”没有对应的工具调用"),
    ("'a': arguments must be JSON", "“a”的 arguments 必须是 JSON"),
]


@pytest.mark.parametrize(("english", "chinese"), PHRASES)
def test_a_known_phrase_is_translated(english: str, chinese: str) -> None:
    assert phrases.worded(english, "zh-hans") == chinese
    assert phrases.worded(english, "zh-hant") not in (english, "")
    assert phrases.worded(english, "en") == english


@pytest.mark.parametrize(
    "detail", ["'x': is odd", "", "something else", "'" + "x" * 300 + "' is empty"]
)
def test_an_unknown_phrase_stays_as_it_is(detail: str) -> None:
    assert phrases.worded(detail, "zh-hans") == detail


def test_a_callers_text_is_never_taken_for_a_pattern() -> None:
    assert (
        phrases.worded(r"'x': expected {1}\1, got {0}", "zh-hans") == r"“x”应为 {1}\1，实际为 {0}"
    )


@pytest.mark.parametrize(
    "body",
    [b"[]", chat_body(n=0), chat_body(stream="yes"), chat_body(n=1.5), chat_body(max_tokens="x")],
)
def test_what_the_reader_of_a_request_finds_is_told_in_chinese(body: bytes) -> None:
    with pytest.raises(ApiError) as refused:
        envelope(body)
    contract = error_contract.DEFAULT
    answer = errors.answer(refused.value, contract, Dialect.CHAT, "zh-hant", "req_1")
    message = msgspec.json.decode(answer.body)["error"]["message"]
    assert message.startswith("請求無效：")
    assert " must " not in message


def test_only_complaints_about_the_request_are_looked_up() -> None:
    error = ApiError(Cause.MODEL_NOT_FOUND, detail="is required")  # a model of that name
    answer = errors.answer(error, error_contract.DEFAULT, Dialect.CHAT, "zh-hans", "req_1")
    assert "“is required”".encode() in answer.body


def refusals() -> Iterator[str]:
    """Every phrase that a request is refused with, as the code has it; what is filled in is 7."""
    for module in sorted(Path(relay.proxy.__path__[0]).rglob("*.py")):
        for node in ast.walk(ast.parse(module.read_text())):
            if isinstance(node, ast.Call) and (why := reason_of(node)) is not None:
                yield from FILLED.get(why, [why])


# A phrase with words filled in; the decoder's own are told in the tests above.
FILLED = {
    "must be 7 7": ["must be at most 7", "must be at least 7"],
    "'7': 7": [],
}


def reason_of(call: ast.Call) -> str | None:
    """What `wrong(param, why)` and a bad request's `detail` say."""
    name = getattr(call.func, "id", "")
    cause = ast.unparse(call.args[0]) if call.args else ""
    told: ast.expr | None = None
    if name == "wrong" and len(call.args) == 2:
        told = call.args[1]
    elif name == "ApiError" and cause == "Cause.BAD_REQUEST":
        told = next((each.value for each in call.keywords if each.arg == "detail"), None)
    if isinstance(told, ast.JoinedStr):
        return "".join(
            part.value if isinstance(part, ast.Constant) else "7" for part in told.values
        )
    return str(told.value) if isinstance(told, ast.Constant) else None


@pytest.mark.parametrize("language", ["zh-hans", "zh-hant"])
def test_every_refusal_of_the_code_is_in_the_book(language: str) -> None:
    known = list(refusals())
    assert len(known) > 50
    details = [why if why.startswith(("'", "the ")) else f"'x': {why}" for why in known]
    assert [each for each in details if phrases.worded(each, language) == each] == []
