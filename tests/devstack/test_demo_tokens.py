"""The demo upstream's counts are honest: nothing lost, nothing counted twice."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from devstack.demo_upstream import tokens
from devstack.demo_upstream.filler import filler, filler_tokens
from devstack.demo_upstream.openai.chat import reply_to

TEXTS = st.text(st.characters(codec="utf-8"), max_size=200)


@given(TEXTS)
def test_pieces_join_back_to_the_text(text: str) -> None:
    assert "".join(tokens.split(text)) == text


@given(TEXTS, st.integers(0, 50))
def test_text_cut_between_pieces_keeps_its_count(text: str, kept: int) -> None:
    pieces = tokens.split(text)[:kept]
    assert tokens.count("".join(pieces)) == len(pieces)


@given(TEXTS)
def test_answer_is_counted_like_its_text(prompt: str) -> None:
    request = {"model": "demo-model", "messages": [{"role": "user", "content": prompt}]}
    if "[[demo:" in prompt:
        return
    settled = reply_to(msgspec.json.encode(request))
    assert settled.usage.completion_tokens == tokens.count("".join(settled.choices[0].pieces))
    assert settled.usage.prompt_tokens == tokens.count(prompt) + tokens.MESSAGE_TOKENS


@given(st.integers(0, 10_000), st.integers(1, 4096))
def test_filler_has_the_size_and_the_tokens_it_claims(size_bytes: int, write_bytes: int) -> None:
    writes = list(filler(size_bytes, write_bytes))
    text = b"".join(writes)
    assert len(text) == size_bytes
    assert tokens.count(text.decode()) == filler_tokens(size_bytes)
    assert sum(filler_tokens(len(write)) for write in writes) == filler_tokens(size_bytes)


def test_known_texts_have_known_counts() -> None:
    assert tokens.split("Hello, wide world") == ["Hello", ",", " wide", " world"]
    assert tokens.split("你好 a\n\nb") == ["你", "好", " a", "\n\n", "b"]
    assert tokens.count("internationalization") == 2
