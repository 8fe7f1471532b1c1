"""A conversation goes to where it was served last, as long as that is no worse than elsewhere."""

import json
from typing import Any

import pytest

from relay.proxy.affinity import CONVERSATIONS_MAX, LIFETIME_S, Affinity, conversation_of
from tests.relay.proxy.fakes import route

URL = "http://127.0.0.1:1/v1"
SYSTEM = {"role": "system", "content": 'Be kind. Escape "user": "x".'}
HELLO = {"role": "user", "content": [{"type": "text", "text": "hello"}]}
ANSWER = {"role": "assistant", "content": "hi"}


def number(*messages: dict[str, Any], scope: str = "key", **more: Any) -> int:
    return conversation_of(json.dumps({"messages": messages, "n": 1, **more}).encode(), scope)


def test_later_turns_are_told_by_the_first_question() -> None:
    first = number(SYSTEM, HELLO)
    second = number(SYSTEM, HELLO, ANSWER, {"role": "user", "content": "and then?"})
    third = number(SYSTEM, HELLO, ANSWER, HELLO, ANSWER, HELLO)
    assert first < 0, "a question that was only just asked is noted, not looked for"
    assert -first == second == third


def test_other_questions_keys_and_models_are_other_conversations() -> None:
    ours = number(HELLO, ANSWER)
    assert ours != number({"role": "user", "content": "bye"}, ANSWER)
    assert ours != number(HELLO, ANSWER, scope="other")


@pytest.mark.parametrize("name", ["prompt_cache_key", "user"])
def test_the_callers_own_key_counts_before_the_prompt(name: str) -> None:
    assert number(HELLO, **{name: "k"}) == number(SYSTEM, **{name: "k"}) > 0
    assert number(HELLO, **{name: "k"}) != number(HELLO, **{name: "l"})


def test_a_long_prompt_is_worth_going_where_it_is_cached() -> None:
    long = {"role": "system", "content": "x" * 10_000}
    other = {"role": "user", "content": "other"}
    assert number(long, HELLO) == number(long, other) > 0


def test_geminis_and_plain_bodies() -> None:
    body = b'{"contents":[{"role":"user","parts":[{"text":"a"}]},{"role":"model","parts":[]}]}'
    assert conversation_of(body, "k") > 0
    assert conversation_of(b'{"text":"a"}', "k") == 0
    assert conversation_of(b"\x00", "k") == 0


def test_memory_is_bounded_in_number_and_time() -> None:
    affinity, place = Affinity(), route(URL, "one")
    for conversation in range(1, CONVERSATIONS_MAX + 3):
        affinity.note(conversation, place, 0.0)
    assert len(affinity) == CONVERSATIONS_MAX
    assert affinity.find(1, 0.0) == ("", "")
    assert affinity.find(3, LIFETIME_S) == ("one", "")
    assert affinity.find(3, LIFETIME_S + 1) == ("", "")
    affinity.note(-3, place, LIFETIME_S)
    assert affinity.find(3, LIFETIME_S + 1) == ("one", "")
