"""Completions of a text: passed through, streamed and not, metered by the upstream's figure."""

from typing import Any

import msgspec
import pytest

from devstack.demo_upstream.server import Running
from relay.proxy.types import Ending
from tests.relay.proxy.fakes import MODEL, Exchange, House

PATH = "/v1/completions"


async def complete(relay: House, **body: Any) -> Exchange:
    asked = {"model": MODEL, "prompt": "The quick brown fox", "max_tokens": 50} | body
    return await relay.request(path=PATH, body=[msgspec.json.encode(asked)]).begin().finish()


async def test_a_prompt_is_completed_and_charged(relay: House) -> None:
    answer = await complete(relay)
    assert answer.status == 200
    shown = answer.json()
    assert (shown["object"], shown["model"]) == ("text_completion", MODEL)
    usage = relay.end.usage
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens) == (
        shown["usage"]["prompt_tokens"],
        shown["usage"]["completion_tokens"],
    )


async def test_a_stream_ends_in_done_after_the_debit_without_a_frame_nobody_asked_for(
    relay: House,
) -> None:
    answer = await complete(relay, stream=True)
    events = answer.events()
    assert events[-1] == b"[DONE]"
    assert not any(b'"usage":{' in event for event in events)
    assert relay.journal[-2:] == ["settled", "done"]
    assert relay.end.ending is Ending.COMPLETED
    assert relay.end.usage is not None
    assert not relay.end.usage.is_estimated


async def test_every_answer_that_is_made_is_held_for(relay: House) -> None:
    await complete(relay, prompt=["one", "two"], n=1, best_of=3)
    (call,) = relay.gate.admitted
    assert (call.output_tokens_cap, call.choices) == (50 * 3 * 2, 6)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("prompt", ""),
        ("prompt", []),
        ("best_of", 21),
        ("n", 0),
        ("temperature", 2.5),
        ("presence_penalty", -3),
        ("logprobs", 6),
    ],
)
async def test_values_out_of_range_are_refused_by_name(
    relay: House, one: Running, field: str, value: Any
) -> None:
    answer = await complete(relay, **{field: value})
    assert (answer.status, answer.error()["param"]) == (400, field)
    assert not one.calls()


async def test_fewer_made_than_shown_make_no_sense(relay: House) -> None:
    answer = await complete(relay, n=3, best_of=2)
    assert (answer.status, answer.error()["param"]) == (400, "best_of")
