"""What is read of a chat request, and what is refused, by which parameter's name."""

from typing import Any

import msgspec
import pytest

from relay.proxy.dialects.chat.envelope import IMAGE_URL_TOKENS, Envelope, envelope
from relay.proxy.errors import ApiError, Cause

MESSAGES = b'"messages":[{"role":"user","content":"hi"}]'


def request(fields: bytes = b"") -> Envelope:
    return envelope(b'{"model":"small",' + MESSAGES + (b"," + fields if fields else b"") + b"}")


def refusal(body: bytes) -> tuple[Cause, str | None]:
    with pytest.raises(ApiError) as caught:
        envelope(body)
    return caught.value.cause, caught.value.param


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b"{}", "model"),
        (b"{" + MESSAGES + b"}", "model"),
        (b'{"model":"small"}', "messages"),
        (b'{"model":"small","messages":[{"content":"hi"}]}', "messages[0].role"),
    ],
)
def test_a_missing_parameter_is_named(body: bytes, param: str) -> None:
    assert refusal(body) == (Cause.MISSING_PARAMETER, param)


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (b'{"model":1,' + MESSAGES + b"}", "model"),
        (b'{"model":null,' + MESSAGES + b"}", "model"),
        (b'{"model":"a\\u0000b",' + MESSAGES + b"}", "model"),
        (b'{"model":"small","messages":{}}', "messages"),
        (b'{"model":"small","messages":[]}', "messages"),
        (b'{"model":"small","messages":["hi"]}', "messages[0]"),
        (b'{"model":"small","messages":[{"role":3}]}', "messages[0].role"),
    ],
)
def test_a_wrong_type_is_refused_under_its_name(body: bytes, param: str) -> None:
    assert refusal(body) == (Cause.BAD_REQUEST, param)


@pytest.mark.parametrize("value", [b"0", b"-5", b"1.5", b'"5"', b"true", b"4000001", b"9" * 400])
@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens", "n"])
def test_a_count_that_is_none_is_refused_under_its_name(name: str, value: bytes) -> None:
    body = b'{"model":"small",' + MESSAGES + b',"' + name.encode() + b'":' + value + b"}"
    assert refusal(body) == (Cause.BAD_REQUEST, name)


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        (b'"stream":"yes"', "stream"),
        (b'"stream_options":[]', "stream_options"),
        (b'"stream_options":{"include_usage":1}', "stream_options.include_usage"),
    ],
)
def test_a_wrong_switch_is_refused_under_its_name(fields: bytes, param: str) -> None:
    body = b'{"model":"small",' + MESSAGES + b"," + fields + b"}"
    assert refusal(body) == (Cause.BAD_REQUEST, param)


ACCEPTED = {
    "temperature": [b"0", b"0.7", b"2", b"2.0", b"null"],
    "top_p": [b"0", b"0.8", b"1", b"null"],
    "presence_penalty": [b"-2", b"2.0", b"null"],
    "frequency_penalty": [b"-2.0", b"2", b"null"],
    "seed": [b"0", b"-9223372036854775808", b"18446744073709551615", b"null"],
    "stop": [
        b'"END"',
        b'["a","b","c","d"]',
        b"[108386,104307]",
        b"[[108386,103924],[35946,101243]]",
        b"[]",
        b"null",
    ],
    "logprobs": [b"true", b"false", b"0", b"5", b"null"],
    "top_logprobs": [b"0", b"20", b"null"],
    "tools": [
        b"[]",
        b'[{"type":"function","function":{"name":"get_time-2","parameters":{}},"required":["x"]}]',
        b'[{"type":"web_search","web_search":{"enable":true}}]',
        b"null",
    ],
    "tool_choice": [
        b'"auto"',
        b'"none"',
        b'"required"',
        b'{"type":"function","function":{"name":"f"}}',
        b"null",
    ],
    "parallel_tool_calls": [b"true", b"false", b"null"],
    "response_format": [b'{"type":"json_object"}', b'{"type":"a-vendors-own"}', b"null"],
    "user": [b'"u-1"', b'""', b"null"],
}
REFUSED = {
    "temperature": [b"-0.1", b"2.1", b"1e999", b'"1"', b"true"],
    "top_p": [b"-0.1", b"1.1", b"[]"],
    "presence_penalty": [b"-2.1", b"2.01", b"{}"],
    "frequency_penalty": [b"-3", b"2.01", b'"0"'],
    "seed": [b"1.5", b"18446744073709551616", b"-9223372036854775809", b'"7"'],
    "stop": [
        b'["a","b","c","d","e"]',
        b'["a",104307]',
        b'[[1],"a"]',
        b"[1,[2]]",
        b"5",
        b"{}",
    ],
    "logprobs": [b"6", b"-1", b"2.5", b'"yes"'],
    "top_logprobs": [b"21", b"-1", b"true"],
    "tools": [b"{}", b'"get_weather"'],
    "tool_choice": [b'"maybe"', b"[]", b"true"],
    "parallel_tool_calls": [b'"yes"'],
    "response_format": [b'"json_object"', b"[]"],
    "user": [b"7", b"{}"],
}


def of(values: dict[str, list[bytes]]) -> list[tuple[str, bytes]]:
    return [(name, value) for name, several in values.items() for value in several]


@pytest.mark.parametrize(("name", "value"), of(ACCEPTED))
def test_a_parameter_in_its_range_passes_as_it_is(name: str, value: bytes) -> None:
    asked = request(b'"' + name.encode() + b'":' + value)
    assert bytes(asked.fields[name]) == value


@pytest.mark.parametrize(("name", "value"), of(REFUSED))
def test_a_parameter_out_of_its_range_is_refused_under_its_name(name: str, value: bytes) -> None:
    body = b'{"model":"small",' + MESSAGES + b',"' + name.encode() + b'":' + value + b"}"
    assert refusal(body) == (Cause.BAD_REQUEST, name)


@pytest.mark.parametrize(
    ("field", "cause", "param"),
    [
        (b'"tools":[{"type":"function"}]', Cause.MISSING_PARAMETER, "tools[0].function"),
        (b'"tools":[{"function":{"name":"f"}}]', Cause.MISSING_PARAMETER, "tools[0].type"),
        (
            b'"tools":[{"type":"function","function":{"name":"of space"}}]',
            Cause.BAD_REQUEST,
            "tools[0].function.name",
        ),
        (
            b'"tools":[{"type":"function","function":{"name":"' + b"n" * 65 + b'"}}]',
            Cause.BAD_REQUEST,
            "tools[0].function.name",
        ),
        (
            b'"tools":[{"type":"function","function":{"name":"f","parameters":"{}"}}]',
            Cause.BAD_REQUEST,
            "tools[0].function.parameters",
        ),
        (b'"response_format":{}', Cause.MISSING_PARAMETER, "response_format.type"),
        (b'"stop":[[1,"a"]]', Cause.BAD_REQUEST, "stop[0][1]"),
    ],
)
def test_what_is_wrong_inside_a_parameter_is_named_by_its_path(
    field: bytes, cause: Cause, param: str
) -> None:
    assert refusal(b'{"model":"small",' + MESSAGES + b"," + field + b"}") == (cause, param)


@pytest.mark.parametrize("body", [b"[]", b"null", b'"text"', b"7", b" [1]"])
def test_json_that_is_no_object_is_refused(body: bytes) -> None:
    assert refusal(body) == (Cause.BAD_REQUEST, None)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"{",
        b"tru",
        b"NaN",
        b"01",
        b"1,}",
        b"'x'",
        b'"a\x00b"',  # a bare NUL
        b'"a\nb"',
        b'"\\q"',
        b'"\\ud800"',  # lone surrogates
        b'"\\udc00\\ud800"',
        b'"\xed\xa0\x80"',  # one in UTF-8's clothes
        b'"\xff"',
        b"[" * 10_000 + b"]" * 10_000,
        b"[" * 100_000,
    ],
)
def test_what_is_not_json_is_refused(value: bytes) -> None:
    body = b'{"model":"small",' + MESSAGES + b',"metadata":' + value + b"}"
    assert refusal(body) == (Cause.INVALID_JSON, None)


def test_a_body_with_something_after_it_is_refused() -> None:
    body = b'{"model":"small",' + MESSAGES + b"}"
    assert refusal(body + body) == (Cause.INVALID_JSON, None)


@pytest.mark.parametrize("written", [b"1000", b"1000.0", b"1e3"])
def test_a_whole_number_may_be_written_as_a_float(written: bytes) -> None:
    assert request(b'"max_tokens":' + written).demand.output_tokens_asked == 1000


def test_null_is_as_good_as_nothing() -> None:
    asked = request(
        b'"max_tokens":null,"max_completion_tokens":null,"n":null,"stream":null,"stream_options":null'
    )
    assert (asked.demand.output_tokens_asked, asked.demand.choices, asked.is_stream) == (
        None,
        1,
        False,
    )


def test_of_two_caps_the_larger_one_is_held_for() -> None:
    fields = b'"max_completion_tokens":16,"max_tokens":3000'
    assert request(fields).demand.output_tokens_asked == 3000


def test_of_a_field_given_twice_the_last_one_counts_here_and_upstream() -> None:
    asked = request(b'"max_tokens":3000,"max_tokens":5')
    sent = asked.body_for("m", output_tokens_cap=None)
    assert asked.demand.output_tokens_asked == 5
    assert sent.count(b"max_tokens") == 1
    assert msgspec.json.decode(sent)["max_tokens"] == 5


def test_a_field_with_an_escaped_name_is_the_same_field() -> None:
    asked = request(b'"max_\\u0074okens":7')
    assert asked.demand.output_tokens_asked == 7
    assert b'"max_tokens":7' in asked.body_for("m", output_tokens_cap=None)


def test_an_image_by_address_counts_though_its_bytes_are_elsewhere() -> None:
    plain = request()
    pictured = request(b'"x":{"type":"image_url","image_url":{"url":"https://x.example/i.png"}}')
    assert pictured.demand.input_tokens_bound > plain.demand.input_tokens_bound + 4_000


def test_the_bound_is_never_below_the_guess() -> None:
    asked = envelope(
        '{"model":"small","messages":[{"role":"user","content":"你好，世界"}]}'.encode()
    )
    assert asked.demand.input_tokens_guess <= asked.demand.input_tokens_bound


@pytest.mark.parametrize("tier", [b'"auto"', b'"default"', b"null"])
def test_the_usual_tier_may_be_asked_for(tier: bytes) -> None:
    assert request(b'"service_tier":' + tier).model == "small"


@pytest.mark.parametrize("tier", [b'"priority"', b'"flex"', b'"sca\\u006ce"'])
def test_a_tier_with_prices_of_its_own_is_refused(tier: bytes) -> None:
    body = b'{"model":"small",' + MESSAGES + b',"service_tier":' + tier + b"}"
    assert refusal(body) == (Cause.BAD_REQUEST, "service_tier")


@pytest.mark.parametrize(
    ("part", "kinds"),
    [
        ({"type": "text", "text": "a picture"}, ()),
        ({"type": "image_url", "image_url": {"url": "https://a/b.png"}}, ("image_input",)),
        ({"type": "file", "file": {"file_data": "data:,"}}, ("image_input",)),
    ],
)
def test_pictures_and_pages_may_be_counted_apart(
    part: dict[str, Any], kinds: tuple[str, ...]
) -> None:
    demand = envelope(with_part(part)).demand
    assert demand.token_kinds == kinds
    assert (demand.input_tokens_bound > IMAGE_URL_TOKENS) is bool(kinds)


def test_a_file_of_the_vendors_store_is_refused() -> None:
    body = with_part({"type": "file", "file": {"file_id": "file_1"}})
    assert refusal(body) == (Cause.BAD_REQUEST, "messages[0].content[0].file.file_id")
    assert envelope(with_part({"type": "text", "text": '"file_id"'})).model == "small"
    assert envelope(with_part({"type": "other", "file_id": "file_1"})).model == "small"


def with_part(part: dict[str, Any]) -> bytes:
    message = {"role": "user", "content": [part]}
    return msgspec.json.encode({"model": "small", "messages": [message]})
