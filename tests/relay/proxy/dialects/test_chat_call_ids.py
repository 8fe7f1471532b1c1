"""A tool's result that names the tool alone answers the oldest open call of that name."""

import msgspec
import pytest

from relay.proxy.dialect import Dialect
from relay.proxy.dialects import translate
from relay.proxy.dialects.chat.envelope import envelope
from relay.proxy.errors import ApiError, Cause

ASK = {"role": "user", "content": "Weather?"}


def calls(**names: str) -> dict[str, object]:
    made = [
        {"id": id, "type": "function", "function": {"name": name, "arguments": "{}"}}
        for id, name in names.items()
    ]
    return {"role": "assistant", "content": "", "tool_calls": made}


def result(**fields: str) -> dict[str, object]:
    return {"role": "tool", "content": "rain", **fields}


def body(*messages: dict[str, object]) -> bytes:
    return msgspec.json.encode({"model": "m", "messages": [ASK, *messages]})


def sent_ids(*messages: dict[str, object]) -> list[str]:
    sent = msgspec.json.decode(envelope(body(*messages)).body_for("m", output_tokens_cap=None))
    return [each["tool_call_id"] for each in sent["messages"] if each["role"] == "tool"]


def test_a_result_by_name_gets_the_id_of_the_call() -> None:
    assert sent_ids(calls(c1="weather"), result(name="weather")) == ["c1"]


def test_results_by_name_answer_calls_of_that_name_in_order() -> None:
    asked = calls(c1="weather", c2="time", c3="weather")
    results = [result(name=name) for name in ("time", "weather", "weather")]
    assert sent_ids(asked, *results) == ["c2", "c1", "c3"]


def test_a_call_that_is_answered_by_its_id_is_not_answered_again() -> None:
    asked = calls(c1="weather", c2="weather")
    assert sent_ids(asked, result(tool_call_id="c1"), result(name="weather")) == ["c1", "c2"]


def test_each_round_answers_its_own_calls() -> None:
    first = (calls(c1="weather"), result(name="weather"))
    assert sent_ids(*first, calls(c2="weather"), result(name="weather")) == ["c1", "c2"]


def test_everything_else_keeps_its_bytes() -> None:
    given = body(calls(c1="weather"), result(name="weather")).replace(b"rain", b"\\u96e8")
    sent = envelope(given).body_for("m", output_tokens_cap=None)
    assert b"\\u96e8" in sent
    assert sent.count(b'"name":"weather"') == 2


def test_results_that_have_ids_are_not_touched() -> None:
    given = body(calls(c1="weather"), result(tool_call_id="another"))
    assert envelope(given).body is given


@pytest.mark.parametrize(
    "messages",
    [
        [calls(c1="weather"), result()],
        [calls(c1="weather"), result(name="time")],
        [calls(c1="weather"), result(name="weather"), result(name="weather")],
        [result(name="weather")],
    ],
)
def test_a_result_that_answers_no_call_is_refused(messages: list[dict[str, object]]) -> None:
    with pytest.raises(ApiError) as caught:
        envelope(body(*messages))
    last = f"messages[{len(messages)}].tool_call_id"
    assert (caught.value.cause, caught.value.param) == (Cause.MISSING_PARAMETER, last)


def test_other_dialects_get_the_id_too() -> None:
    given = envelope(body(calls(c1="weather"), result(name="weather"))).body
    conversation = translate.conversation(given, Dialect.CHAT)
    sent = msgspec.json.decode(translate.request(conversation, Dialect.MESSAGES, "claude"))
    assert sent["messages"][-1]["content"][0]["tool_use_id"] == "c1"
