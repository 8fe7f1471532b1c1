"""What goes upstream: the caller's own bytes but for the model, the usage switch and the cap."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.proxy.dialects.chat.checks import Looked
from relay.proxy.dialects.chat.envelope import envelope

HEAD = b'{"model":"small","messages":[{"role":"user","content":"hi"}]'


def sent(fields: bytes, cap: int | None = None, model: str = "vendor/m-1") -> bytes:
    joined = b"," + fields if fields else b""
    return envelope(HEAD + joined + b"}").body_for(model, output_tokens_cap=cap)


def test_the_model_is_the_upstreams_own() -> None:
    assert msgspec.json.decode(sent(b""))["model"] == "vendor/m-1"


@pytest.mark.parametrize(
    "value",
    [
        b"1.50",
        b"1E+2",
        b"123456789012345678901234567890",
        b"1e999",
        b'"\\u4f60\\/\\u597d"',
        b'{"b": 1, "a": [1,  2], "b": 3}',
        b'[{"type" : "function"}]',
        "“你好” 🎈".encode().join([b'"', b'"']),
    ],
)
def test_other_values_keep_every_byte(value: bytes) -> None:
    for name in (b"metadata", b"an_unknown_parameter"):
        assert b'"' + name + b'":' + value in sent(b'"' + name + b'":' + value)


@pytest.mark.parametrize(
    "field",
    [
        b'"temperature":1.50',
        b'"temperature":0e0',
        b'"top_p":1E-1',
        b'"tools":[{"type" : "function", "function": {"name": "a", "x": "\\u4f60"}}]',
        b'"stop":[ "\\n", "END" ]',
        b'"seed":18446744073709551615',
    ],
)
def test_values_that_are_looked_at_keep_every_byte(field: bytes) -> None:
    assert field in sent(field)


def test_messages_keep_every_byte() -> None:
    messages = b'[ {"content": "a\\u0041", "role": "user", "role": "system"} ]'
    body = envelope(b'{"messages":' + messages + b',"model":"small"}')
    assert messages in body.body_for("m", output_tokens_cap=None)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(),
    lambda each: st.lists(each, max_size=3) | st.dictionaries(st.text(), each, max_size=3),
    max_leaves=8,
)
OURS = set(Looked.__struct_fields__)


@given(st.dictionaries(st.text().filter(lambda name: name not in OURS), JSON, max_size=5))
def test_whatever_the_parameters_are_they_arrive(parameters: dict[str, object]) -> None:
    ours = {"model": "small", "messages": [{"role": "user"}]}
    body = msgspec.json.encode({**parameters, **ours})
    arrived = msgspec.json.decode(envelope(body).body_for("m", output_tokens_cap=None))
    assert arrived == {**parameters, **ours, "model": "m"}


def test_a_stream_is_asked_for_its_usage() -> None:
    assert msgspec.json.decode(sent(b'"stream":true'))["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize("switch", [b"false", b"null", b"true"])
def test_other_stream_options_are_kept(switch: bytes) -> None:
    options = b'{"include_obfuscation":false,"include_usage":' + switch + b"}"
    arrived = msgspec.json.decode(sent(b'"stream":true,"stream_options":' + options))
    assert arrived["stream_options"] == {"include_obfuscation": False, "include_usage": True}


def test_without_a_stream_nothing_is_asked_for() -> None:
    assert b"stream_options" not in sent(b'"stream":false')
    assert b"stream_options" not in sent(b'"stream_options":{"include_usage":true}')


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (b'"logprobs":5', {"logprobs": True, "top_logprobs": 5}),
        (b'"logprobs":0', {"logprobs": True, "top_logprobs": 0}),
        (b'"logprobs":2,"top_logprobs":7', {"logprobs": True, "top_logprobs": 7}),
        (b'"logprobs":true,"top_logprobs":3', {"logprobs": True, "top_logprobs": 3}),
        (b'"logprobs":false', {"logprobs": False}),
        (b'"logprobs":null', {"logprobs": None}),
    ],
)
def test_logprobs_as_a_number_are_asked_for_in_the_newer_form(
    fields: bytes, expected: dict[str, object]
) -> None:
    arrived = msgspec.json.decode(sent(fields))
    assert {name: arrived[name] for name in arrived if "logprobs" in name} == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        (b"", {"max_tokens": 64}),
        (b'"max_tokens":null', {"max_tokens": 64}),
        (b'"max_completion_tokens":null', {"max_completion_tokens": 64}),
        (b'"max_tokens":9000', {"max_tokens": 64}),
        (b'"max_completion_tokens":9000', {"max_completion_tokens": 64}),
        (
            b'"max_completion_tokens":9000,"max_tokens":20',
            {"max_completion_tokens": 64, "max_tokens": 20},
        ),
    ],
)
def test_a_cap_stands_where_the_caller_would_put_it(
    fields: bytes, expected: dict[str, int]
) -> None:
    arrived = msgspec.json.decode(sent(fields, cap=64))
    assert {name: arrived[name] for name in arrived if name.startswith("max_")} == expected
