"""Typed events, whatever way their bytes arrive: passed on whole, the last one kept back."""

import pytest

from relay.proxy.endpoints.event_reader import Event, EventReader
from relay.proxy.types import Usage

PART = b'event: x.part\ndata: {"type":"x.part","b64_json":"AAAA"}\n\n'
DONE = b'event: x.done\ndata: {"type":"x.done","usage":{"seconds":2}}\n\n'
COMMENT = b": still here\n\n"
ERROR = b'data: {"type":"error","error":{"message":"secret"}}\n\n'


def used(ends: list[Event]) -> Usage:
    return Usage(input_tokens=len(ends))


def reader(ends_max: int = 1) -> EventReader:
    return EventReader("x.done", used, lambda kind, data: len(kind), ends_max=ends_max)


def fed(made: EventReader, data: bytes, step: int) -> bytes:
    pieces = [data[at : at + step] for at in range(0, len(data), step)]
    return b"".join([made.feed(piece) for piece in pieces])


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1_000])
@pytest.mark.parametrize("tail", [b"", b"data: [DONE]\n\n"])
def test_the_last_event_waits_for_the_debit(step: int, tail: bytes) -> None:
    made = reader()
    assert fed(made, COMMENT + PART * 2 + DONE + tail, step) == COMMENT + PART * 2
    assert (made.last, made.is_done, made.is_complete) == (DONE, True, True)
    assert (made.usage, made.delivered_tokens) == (Usage(input_tokens=1), 2 * len("x.part"))


@pytest.mark.parametrize("step", [1, 5, 1_000])
def test_of_several_last_events_only_the_last_waits(step: int) -> None:
    made = reader(ends_max=2)
    assert fed(made, PART + DONE + PART + DONE, step) == PART + DONE + PART
    assert (made.last, made.usage) == (DONE, Usage(input_tokens=2))


def test_fewer_last_events_than_were_asked_for_are_an_answer_too() -> None:
    made = reader(ends_max=3)
    assert fed(made, PART + DONE, 1_000) == PART + DONE
    assert not made.is_done
    assert (made.feed(b""), made.is_complete, made.last) == (b"", True, b"")


@pytest.mark.parametrize("cut", [10, len(DONE) - 1])
def test_a_stream_cut_inside_its_last_event_is_not_whole(cut: int) -> None:
    made = reader()
    assert fed(made, PART + DONE[:cut], 4) == PART
    made.feed(b"")
    assert (made.is_complete, made.usage, made.last) == (False, None, b"")


def test_an_error_event_is_kept_from_the_client() -> None:
    made = reader()
    assert fed(made, PART + ERROR + DONE, 1_000) == PART
    assert (made.has_error, made.is_complete) == (True, False)


def test_an_event_of_megabytes_is_one_event() -> None:
    made = reader()
    long = b'data: {"type":"x.done","b64_json":"' + b"A" * 5_000_000 + b'"}\n\n'
    assert fed(made, PART + long, 65_536) == PART
    assert (made.last == long, made.is_complete) == (True, True)


@pytest.mark.parametrize("data", [b"data: {\n\n", b"data: 5\n\n", b"data: [[[\n\n"])
def test_what_is_no_event_passes_and_ends_nothing(data: bytes) -> None:
    made = reader()
    assert made.feed(data) == data
    assert not made.is_complete
