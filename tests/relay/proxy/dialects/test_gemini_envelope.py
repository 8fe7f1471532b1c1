"""What we look at in a Gemini request that passes through, and the little that changes in it."""

from typing import Any

import msgspec
import pytest

from relay.proxy.dialects.gemini import envelope as module
from relay.proxy.dialects.gemini.envelope import Envelope, envelope, envelope_of_count
from relay.proxy.errors import ApiError, Cause

CONTENTS = [{"role": "user", "parts": [{"text": "Explain how AI works"}]}]


def looked(**more: Any) -> Envelope:
    """The look at a request."""
    body = msgspec.json.encode({"contents": CONTENTS, **more})
    return envelope(body, model="gemini", is_stream=True)


def sent(cap: int | None = None, **more: Any) -> Any:
    """The body that an upstream would get, decoded."""
    return msgspec.json.decode(looked(**more).body_for("theirs", output_tokens_cap=cap))


def refusal(**more: Any) -> tuple[Cause, str | None]:
    """The refusal of a request."""
    with pytest.raises(ApiError) as caught:
        looked(**more)
    return caught.value.cause, caught.value.param


def media(*parts: dict[str, Any]) -> int:
    """What media may cost beside the length of the body."""
    contents = [{"parts": parts}]
    found = looked(contents=contents)
    length = len(msgspec.json.encode({"contents": contents}))
    return found.demand.input_tokens_bound - length


def test_a_plain_request() -> None:
    found = looked()
    assert (found.model, found.is_stream) == ("gemini", True)
    demand = found.demand
    assert (demand.output_tokens_asked, demand.choices, demand.generates) == (None, 1, True)
    assert demand.input_tokens_bound >= 64
    assert 10 <= demand.input_tokens_guess <= 30


def test_unknown_parameters_pass_through() -> None:
    more = {"safetySettings": [{"category": "X", "threshold": "BLOCK_NONE"}], "new": {"a_b": 1}}
    assert sent(**more) == {"contents": CONTENTS, **more}


@pytest.mark.parametrize(
    ("given", "cap", "expected"),
    [
        ({}, 50, {"generationConfig": {"maxOutputTokens": 50}}),
        ({"generationConfig": None}, 50, {"generationConfig": {"maxOutputTokens": 50}}),
        (
            {"generationConfig": {"topK": 3, "maxOutputTokens": 80}},
            50,
            {"generationConfig": {"topK": 3, "maxOutputTokens": 50}},
        ),
        (
            {"generation_config": {"max_output_tokens": 80}},
            50,
            {"generation_config": {"max_output_tokens": 50}},
        ),
        (
            {"generationConfig": {"maxOutputTokens": 30}},
            50,
            {"generationConfig": {"maxOutputTokens": 30}},
        ),
        (
            {"generationConfig": {"maxOutputTokens": 80}},
            None,
            {"generationConfig": {"maxOutputTokens": 80}},
        ),
    ],
)
def test_the_cap_is_lowered_where_the_caller_spelt_it(
    given: dict[str, Any], cap: int | None, expected: dict[str, Any]
) -> None:
    assert sent(cap, **given) == {"contents": CONTENTS, **expected}


def test_a_model_in_the_body_is_renamed() -> None:
    assert sent(model="models/gemini")["model"] == "models/theirs"


def test_what_is_asked_for() -> None:
    found = looked(generation_config={"max_output_tokens": 80, "candidateCount": 3})
    assert (found.demand.output_tokens_asked, found.demand.choices) == (80, 3)


PICTURE = {"inlineData": {"mimeType": "image/png", "data": "aGk="}}


@pytest.mark.parametrize(
    ("part", "tokens"),
    [
        ({"text": "inlineData"}, 0),
        (PICTURE, module.IMAGE_TOKENS),
        ({"inline_data": {"mime_type": "IMAGE/PNG", "data": ""}}, module.IMAGE_TOKENS),
        ({"inlineData": {"mimeType": "application/pdf", "data": ""}}, module.DOCUMENT_TOKENS),
        ({"inlineData": {"mimeType": "audio/mp3", "data": ""}}, 0),
        ({"fileData": {"fileUri": "https://a.org/b.jpg"}}, module.IMAGE_TOKENS),
        ({"fileData": {"fileUri": "https://youtu.be/b"}}, module.DOCUMENT_TOKENS),
        ({"functionResponse": {"name": "f", "parts": [PICTURE]}}, module.IMAGE_TOKENS),
        ({"functionCall": {"name": "f", "args": {"inlineData": "x"}}}, 0),
    ],
)
def test_media_cost_more_than_their_bytes(part: dict[str, Any], tokens: int) -> None:
    assert media(part) == tokens


def test_a_lone_value_is_looked_at_as_a_list() -> None:
    found = looked(contents={"parts": PICTURE})
    assert found.demand.input_tokens_bound > module.IMAGE_TOKENS


def test_a_name_in_escapes_is_the_same_name() -> None:
    body = rb'{"contents":[{"parts":[{"inlineD\u0061ta":{"mimeType":"image/png","data":""}}]}]}'
    found = envelope(body, model="m", is_stream=False)
    assert found.demand.input_tokens_bound > module.IMAGE_TOKENS


@pytest.mark.parametrize(
    ("more", "kinds"),
    [
        ({}, ("audio_output", "image_output")),
        ({"generationConfig": {"responseModalities": ["TEXT"]}}, ()),
        (
            {
                "contents": [{"parts": [PICTURE]}],
                "generationConfig": {"responseModalities": ["Text"]},
            },
            ("image_input",),
        ),
    ],
)
def test_where_tokens_may_fall(more: dict[str, Any], kinds: tuple[str, ...]) -> None:
    assert looked(**more).demand.token_kinds == kinds


@pytest.mark.parametrize(
    ("more", "param"),
    [
        ({"tools": [{"googleSearch": {}}]}, "tools[0].googleSearch"),
        ({"tools": {"code_execution": {}}}, "tools[0].code_execution"),
        ({"cached_content": "cachedContents/1"}, "cached_content"),
        ({"serviceTier": "priority"}, "serviceTier"),
        ({"service_tier": "FLEX"}, "service_tier"),
        ({"serviceTier": 1}, "serviceTier"),
        ({"generationConfig": {"maxOutputTokens": 0}}, "generationConfig.maxOutputTokens"),
        ({"generationConfig": {"maxOutputTokens": "9"}}, "generationConfig.maxOutputTokens"),
        ({"generation_config": {"candidate_count": 99}}, "generation_config.candidate_count"),
        ({"generationConfig": {}, "generation_config": {}}, "generation_config"),
        (
            {"generationConfig": {"maxOutputTokens": 1, "max_output_tokens": 9}},
            "generationConfig.max_output_tokens",
        ),
        ({"generationConfig": []}, "generationConfig"),
        ({"contents": "Hi"}, "contents"),
        ({"contents": [{"parts": ["Hi"]}]}, "contents[0].parts[0]"),
        (
            {"contents": [{"parts": [{"file_data": {"file_uri": "gs://a/b"}}]}]},
            "contents[0].parts[0].file_data.file_uri",
        ),
        (
            {
                "contents": {
                    "parts": {
                        "fileData": {
                            "fileUri": "https://GenerativeLanguage.googleapis.com/v1beta/files/x"
                        }
                    }
                }
            },
            "contents[0].parts[0].fileData.fileUri",
        ),
    ],
)
def test_what_is_refused(more: dict[str, Any], param: str) -> None:
    assert refusal(**more) == (Cause.BAD_REQUEST, param)


@pytest.mark.parametrize("tools", [[{"functionDeclarations": []}], [{"function_declarations": []}]])
def test_the_callers_own_tools_pass(tools: list[Any]) -> None:
    assert sent(tools=tools)["tools"] == tools


def test_contents_are_required() -> None:
    with pytest.raises(ApiError) as caught:
        envelope(b"{}", model="m", is_stream=False)
    assert (caught.value.cause, caught.value.param) == (Cause.MISSING_PARAMETER, "contents")


def test_what_is_counted_makes_no_output() -> None:
    alone = envelope_of_count(msgspec.json.encode({"contents": CONTENTS}), model="m")
    assert alone.demand.generates is False
    assert alone.body_for("theirs", output_tokens_cap=None) == msgspec.json.encode(
        {"contents": CONTENTS}
    )
    inner = {"model": "models/m", "contents": CONTENTS, "system_instruction": {"parts": []}}
    body = msgspec.json.encode({"generateContentRequest": inner})
    whole = envelope_of_count(body, model="m").body_for("theirs", output_tokens_cap=None)
    assert msgspec.json.decode(whole) == {
        "generateContentRequest": {**inner, "model": "models/theirs"}
    }
