"""Counting tokens: the question without what is not counted, and the answer."""

import msgspec
import pytest

from relay.proxy.dialects.messages import counting, request


def test_only_what_counts_is_asked_about() -> None:
    body = {
        "model": "m",
        "messages": [{"role": "user", "content": [{"type": "text", "text": "Hi"}]}],
        "system": [{"type": "text", "text": "Be brief."}],
        "temperature": 0.5,
        "stream": True,
    }
    asked = counting.render_request(request.parse_count(msgspec.json.encode(body)), "claude")
    del body["temperature"], body["stream"]
    assert msgspec.json.decode(asked) == {**body, "model": "claude"}


def test_the_answer_comes_back_the_same() -> None:
    assert counting.render_answer(2095) == b'{"input_tokens":2095}'
    assert counting.parse_answer(b'{"input_tokens": 2095}') == 2095


@pytest.mark.parametrize("body", [b"", b"{}", b'{"input_tokens":-1}', b'{"input_tokens":"1"}'])
def test_what_is_no_count(body: bytes) -> None:
    with pytest.raises(ValueError, match="not a token count"):
        counting.parse_answer(body)
