"""Counting tokens without a tokenizer: never more than bytes, never nothing for something."""

import time

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.proxy.estimate import DeliveredCounter, tokens_of_bytes, tokens_of_texts


@given(st.text())
def test_a_text_has_no_more_tokens_than_bytes_and_some_if_any(text: str) -> None:
    size = len(text.encode())
    assert (size > 0) <= tokens_of_bytes(text.encode()) <= size


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("four", 1), ("fours", 2), ("你好", 2)])
def test_four_letters_or_one_chinese_character_are_a_token(text: str, tokens: int) -> None:
    assert tokens_of_bytes(text.encode()) == tokens


@given(st.binary())
def test_bytes_that_are_no_text_are_counted_all_the_same(data: bytes) -> None:
    assert tokens_of_bytes(data) >= 0


@given(st.lists(st.text(min_size=1)))
def test_every_delta_counts_whatever_it_says(texts: list[str]) -> None:
    counter = DeliveredCounter()
    for text in texts:
        counter.add(msgspec.json.encode({"delta": {"content": text}}))
    assert counter.tokens >= len(texts)


@pytest.mark.parametrize(
    "frame",
    [
        b'{"delta":{"content":""}}',
        b'{"delta":{"content":null,"role":"assistant"}}',
        b'{"id":"content","object":"arguments"}',
    ],
)
def test_a_frame_without_output_counts_nothing(frame: bytes) -> None:
    counter = DeliveredCounter()
    counter.add(frame)
    assert counter.tokens == 0


@pytest.mark.parametrize(
    "name", ["content", "reasoning_content", "reasoning", "arguments", "refusal"]
)
def test_output_counts_under_every_name_that_vendors_use(name: str) -> None:
    counter = DeliveredCounter()
    counter.add(b'{"delta":{"' + name.encode() + b'": "x"}}')
    assert counter.tokens == 1


def test_a_whole_answer_is_counted_by_its_texts_alone() -> None:
    answer = b'{"id":"x","model":"m","choices":[{"message":{"content":"four"}}],"created":17}'
    assert tokens_of_texts(answer) == 1


def test_a_megabyte_of_text_is_counted_in_no_time() -> None:
    text = b'{"content":"' + b"a\\n" * 350_000 + b'"}'
    started = time.process_time()
    assert tokens_of_texts(text) == 262_500
    assert time.process_time() - started < 0.5
