"""Whose figures a Call is charged by, and when nobody pays."""

import pytest

from relay.proxy import metering
from relay.proxy.request import Whole
from relay.proxy.types import Call, Ending, Usage
from tests.relay.proxy.fakes import MODEL, offer
from tests.relay.proxy.fakes import call as any_call

PLAUSIBLE = Usage(input_tokens=20, output_tokens=30)


def call(**changes: object) -> Call:
    return any_call(offer=offer(context_tokens=1_000, max_output_tokens=100), **changes)


def test_the_upstreams_figures_come_first() -> None:
    assert metering.of_stream(call(), PLAUSIBLE, is_whole=True) is PLAUSIBLE
    assert metering.of_answer(call(), Whole(b"{}", PLAUSIBLE)) is PLAUSIBLE


@pytest.mark.parametrize(
    "absurd",
    [
        Usage(input_tokens=10**15, output_tokens=1),
        Usage(cached_input_tokens=10**15, output_tokens=1),
        Usage(input_tokens=1, output_tokens=10**15),
        Usage(input_tokens=1, output_tokens=1_001),
    ],
)
def test_more_than_the_model_can_do_is_replaced_by_our_own_count(absurd: Usage) -> None:
    expected = Usage(input_tokens=10, output_tokens=7, is_estimated=True)
    assert metering.of_stream(call(delivered_tokens=7), absurd, is_whole=True) == expected


def test_every_choice_may_be_as_long_as_the_model_allows() -> None:
    usage = Usage(input_tokens=1, output_tokens=1_900)
    assert metering.is_plausible(call(choices=2), usage)
    assert not metering.is_plausible(call(choices=1), usage)


def test_a_whole_answer_without_figures_is_counted_by_its_texts() -> None:
    body = b'{"model":"' + MODEL.encode() + b'","choices":[{"message":{"content":"four four"}}]}'
    expected = Usage(input_tokens=10, output_tokens=3, is_estimated=True)
    assert metering.of_answer(call(), Whole(body, None)) == expected


def test_an_estimate_is_never_more_than_the_cap() -> None:
    body = b'{"content":"' + b"x" * 10_000 + b'"}'
    usage = metering.of_answer(call(output_tokens_cap=50), Whole(body, None))
    assert usage.output_tokens == 50


def test_a_stream_that_broke_before_any_output_costs_nothing() -> None:
    assert metering.of_stream(call(), None, is_whole=False) is None
    assert metering.of_stream(call(), PLAUSIBLE, is_whole=False) is None


def test_a_stream_that_broke_later_costs_what_was_delivered() -> None:
    expected = Usage(input_tokens=10, output_tokens=7, is_estimated=True)
    assert metering.of_stream(call(delivered_tokens=7), None, is_whole=False) == expected


@pytest.mark.parametrize(
    ("ending", "is_started", "delivered", "expected"),
    [
        (Ending.CLIENT_LEFT, False, 0, None),
        (Ending.CLIENT_LEFT, True, 0, Usage(10, 0, 0, is_estimated=True)),
        (Ending.CLIENT_LEFT, True, 7, Usage(10, 0, 7, is_estimated=True)),
        (Ending.CUT, True, 0, None),
        (Ending.CUT, True, 7, Usage(10, 0, 7, is_estimated=True)),
        (Ending.UPSTREAM_FAILED, False, 0, None),
    ],
)
def test_an_early_end_costs_what_was_delivered(
    ending: Ending, is_started: bool, delivered: int, expected: Usage | None
) -> None:
    ended = call(ending=ending, is_started=is_started, delivered_tokens=delivered)
    assert metering.delivered(ended) == expected


def test_rarer_tokens_beyond_the_models_context_are_as_absurd_as_any() -> None:
    absurd = Usage(input_tokens=20, output_tokens=30, other={"cache_write_5m": 10**15})
    usage = metering.of_answer(call(), Whole(b'{"content":"word"}', absurd))
    assert usage.is_estimated
    assert not usage.other


def test_an_answer_of_another_format_is_counted_its_own_way() -> None:
    absurd = Usage(input_tokens=10**15)
    assert metering.of_answer(call(), Whole(b"{}", absurd, count=lambda: 7)).output_tokens == 7


def test_a_long_recording_may_be_more_tokens_than_the_models_context() -> None:
    heard = Usage(input_tokens=9, output_tokens=50, other={"audio_input": 36_000})
    assert metering.is_plausible(call(units={"seconds": 3_600}), heard)
    assert not metering.is_plausible(call(units={"seconds": 60}), heard)
