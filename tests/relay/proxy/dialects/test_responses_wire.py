"""Responses that pass through: bytes stay as they are, the end waits for the debit."""

from typing import Any

import msgspec
import pytest

from relay.proxy import sse
from relay.proxy.dialects.responses.envelope import FILE_TOKENS, IMAGE_TOKENS, envelope
from relay.proxy.dialects.responses.wire import Answer, StreamReader, read_answer
from relay.proxy.errors import ApiError, Cause
from relay.proxy.types import Usage
from tests.relay.proxy.dialects.test_responses_streams import STREAM, TEXT, ending, frame

encode, decode = msgspec.json.encode, msgspec.json.decode
BODY, LAST = STREAM[: -len(ending())], ending()
FIGURES = Usage(input_tokens=9, output_tokens=2)


def passed(*chunks: bytes) -> tuple[bytes, StreamReader]:
    """What goes on at once of these chunks, and the reader afterwards."""
    reader = StreamReader()
    return b"".join([reader.feed(chunk) for chunk in chunks]), reader


def request(**fields: Any) -> bytes:
    """A request with these fields beside model and input."""
    return encode({"model": "public", "input": "Hello!", **fields})


def test_frames_pass_as_they_are_and_the_last_is_kept_back() -> None:
    shown, reader = passed(STREAM)
    assert (shown, reader.last) == (BODY, LAST)
    assert (reader.usage, reader.is_done, reader.is_complete) == (FIGURES, True, True)
    assert reader.has_output
    assert reader.delivered_tokens > 0


def test_where_a_stream_is_split_makes_no_difference() -> None:
    for cut in range(len(STREAM)):
        shown, reader = passed(STREAM[:cut], STREAM[cut:])
        assert (shown, reader.last, reader.usage) == (BODY, LAST, FIGURES)
    shown, reader = passed(*[STREAM[i : i + 1] for i in range(len(STREAM))])
    assert (shown, reader.last, reader.usage) == (BODY, LAST, FIGURES)


def test_other_line_ends_pass_as_well() -> None:
    stream = STREAM.replace(b"\n", b"\r\n")
    shown, reader = passed(stream)
    assert shown + reader.last == stream
    assert reader.usage == FIGURES


def test_an_incomplete_answer_is_whole_all_the_same() -> None:
    _, reader = passed(ending("incomplete"))
    assert reader.is_complete
    assert reader.usage == FIGURES


@pytest.mark.parametrize(
    "broken",
    [
        ending("failed", error={"code": "server_error", "message": "secret of theirs"}),
        frame("error", message="secret of theirs"),
    ],
)
def test_an_error_is_kept_from_the_client(broken: bytes) -> None:
    shown, reader = passed(BODY, broken, LAST)
    assert shown == BODY
    assert (reader.has_error, reader.is_complete, reader.last) == (True, False, b"")


def test_before_its_first_item_a_stream_has_no_output() -> None:
    _, reader = passed(frame("response.created", response={"id": "r1"}))
    assert not reader.has_output


def test_what_the_model_says_is_never_taken_for_an_event() -> None:
    said = '"type":"response.completed"\nevent: error'
    text = frame(TEXT, output_index=0, content_index=0, delta=said)
    shown, reader = passed(text)
    assert shown == text
    assert not reader.is_done


def test_a_last_event_without_its_blank_line_counts() -> None:
    shown, reader = passed(STREAM.rstrip(), b"")
    assert shown == BODY
    assert reader.is_complete
    assert sse.data_of(reader.last) == sse.data_of(LAST)


def test_a_stream_that_stops_is_not_complete() -> None:
    assert not passed(BODY, b"")[1].is_complete
    assert not passed(STREAM[:-20], b"")[1].is_complete


def test_a_last_event_may_be_large() -> None:
    large = ending(instructions="x" * 2_000_000)
    _, reader = passed(large[:1_500_000], large[1_500_000:])
    assert reader.last == large
    assert not reader.has_overlong


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            b'{"status":"completed","output":[],"usage":{"input_tokens":9,"output_tokens":2}}',
            Answer(is_valid=True, usage=FIGURES),
        ),
        (b'{"status":"incomplete","output":[]}', Answer(is_valid=True, usage=None)),
        (b'{"status":"failed","output":[],"error":{}}', Answer(is_valid=False, usage=None)),
        (b'{"choices":[]}', Answer(is_valid=False, usage=None)),
        (b"<html>", Answer(is_valid=False, usage=None)),
    ],
)
def test_a_whole_answer_is_looked_into(body: bytes, expected: Answer) -> None:
    assert read_answer(body) == expected


def test_only_the_model_and_too_high_a_cap_change() -> None:
    body = b'{"model":"public", "input":"Hi",\n"max_output_tokens":900,"new":{ "a" : 1 }}'
    seen = envelope(body)
    assert (seen.model, seen.is_stream, seen.demand.output_tokens_asked) == ("public", False, 900)
    sent = seen.body_for("theirs", output_tokens_cap=100)
    assert sent == b'{"model":"theirs","input":"Hi","max_output_tokens":100,"new":{ "a" : 1 }}'
    assert decode(seen.body_for("theirs", output_tokens_cap=1_000))["max_output_tokens"] == 900
    assert decode(seen.body_for("theirs", output_tokens_cap=None))["max_output_tokens"] == 900


def test_a_cap_is_set_where_the_caller_gave_none() -> None:
    sent = envelope(request()).body_for("theirs", output_tokens_cap=64)
    assert decode(sent)["max_output_tokens"] == 64


def test_pictures_and_files_count_for_more_than_their_bytes() -> None:
    content = [
        {"type": "input_image", "image_url": "https://example.org/a.png"},
        {"type": "input_file", "file_url": "https://example.org/a.pdf"},
    ]
    body = request(input=[{"role": "user", "content": content}])
    demand = envelope(body).demand
    assert demand.input_tokens_bound == len(body) + IMAGE_TOKENS + FILE_TOKENS


@pytest.mark.parametrize(
    ("fields", "param"),
    [
        ({"input": []}, "input"),
        ({"previous_response_id": "resp_1"}, "previous_response_id"),
        ({"conversation": {"id": "conv_1"}}, "conversation"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"background": True}, "background"),
        ({"tools": [{"type": "web_search"}]}, "tools[0].type"),
        ({"input": [{"type": "item_reference", "id": "x"}]}, "input[0].type"),
        (
            {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]},
            "input[0].content[0].file_id",
        ),
        (
            {"input": [{"type": "computer_call_output", "output": {"file_id": "f"}}]},
            "input[0].output[0].file_id",
        ),
        ({"max_output_tokens": 0}, "max_output_tokens"),
        ({"model": "a\nb"}, "model"),
    ],
)
def test_the_vendors_store_and_paid_tools_are_out_of_reach(
    fields: dict[str, Any], param: str
) -> None:
    with pytest.raises(ApiError) as refused:
        envelope(request(**fields))
    assert (refused.value.cause, refused.value.param) == (Cause.BAD_REQUEST, param)


def test_items_of_every_other_kind_pass() -> None:
    items = [
        {"role": "user", "content": "Hi"},
        {"type": "reasoning", "id": "rs_1", "summary": [], "content": [{"type": "x"}]},
        {"type": "function_call_output", "call_id": "c", "output": [{"type": "input_text"}]},
        {"type": "custom_tool_call", "input": "x"},
    ]
    tools = [{"type": "function", "name": "f"}, {"type": "custom", "name": "g"}]
    assert envelope(request(input=items, tools=tools, stream=True)).is_stream
