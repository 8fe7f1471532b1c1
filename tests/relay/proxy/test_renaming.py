"""The upstream's model name is replaced where it is the model, and nowhere else."""

import pytest

from relay.proxy.renaming import TOLD_MAX, Renaming

RENAMING = Renaming("vendor/m-1", "small")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (b'{"model":"vendor/m-1","x":1}', b'{"model":"small","x":1}'),
        (b'{"model" : "vendor/m-1"}', b'{"model" : "small"}'),
        (
            b'{"model":"vendor/m-1"}\n{"model":"vendor/m-1"}',
            b'{"model":"small"}\n{"model":"small"}',
        ),
        (b'{"model":"vendor/m-12"}', b'{"model":"vendor/m-12"}'),
        (b'{"name":"vendor/m-1"}', b'{"name":"vendor/m-1"}'),
        (b'{"content":"vendor/m-1"}', b'{"content":"vendor/m-1"}'),
        (
            b'{"content":"{\\"model\\":\\"vendor/m-1\\"}"}',
            b'{"content":"{\\"model\\":\\"vendor/m-1\\"}"}',
        ),
    ],
)
def test_only_the_model_is_renamed(given: bytes, expected: bytes) -> None:
    assert RENAMING.apply(given) == expected


def test_names_are_taken_literally() -> None:
    renaming = Renaming("m.1+x", r"1\1\g<0>")
    assert renaming.apply(b'{"model":"m.1+x"}') == rb'{"model":"1\\1\\g<0>"}'
    assert renaming.apply(b'{"model":"mA11x"}') == b'{"model":"mA11x"}'


def test_googles_name_for_it_is_renamed_as_well() -> None:
    renaming = Renaming("gemini-2.5-flash", "fast")
    assert renaming.apply(b'{"modelVersion": "gemini-2.5-flash"}') == b'{"modelVersion": "fast"}'


# What upstreams call their model when asked for "vendor/m-1".
TOLD = rb'"/models/m \u00e9.gguf"'
ARGUMENTS = b'{"type":"tool_use","input":{"model":"T","modelVersion":"3"}}'


@pytest.mark.parametrize(
    "answer",
    [
        b'{"choices":[],"model":%b}',
        b'{"content":[' + ARGUMENTS + b'],"model":%b}',
        b'{"candidates":[' + ARGUMENTS + b'],"modelVersion":%b}',
        b'{"metadata":{"model":"T"},"model":%b}',
    ],
)
def test_a_name_that_only_the_answer_tells_is_renamed(answer: bytes) -> None:
    assert RENAMING.whole(answer % TOLD) == answer % b'"small"'


@pytest.mark.parametrize(
    "event",
    [
        b'data: {"model":%b,"choices":[]}\n\n',
        b'event: message_start\ndata: {"type":"message_start","message":{"model": %b}}\n\n',
        b'data: {"candidates":[' + ARGUMENTS + b'],"modelVersion":%b}\n\n',
        b'data: {"type":"response.created","response":{"model":%b}}\n\n',
        b'[{"modelVersion":%b}',
        b',\r\n{"modelVersion":%b}',
    ],
)
def test_a_name_that_only_the_stream_tells_is_renamed(event: bytes) -> None:
    comment = b": busy\n\n"
    assert RENAMING.learned(comment) is None
    learned = RENAMING.learned(comment + event % TOLD)
    assert learned is not None
    assert learned.apply(event % TOLD) == event % b'"small"'
    assert learned.apply(event % b'"vendor/m-1"') == event % b'"small"'
    assert learned.apply(event % b'"other"') == event % b'"other"'


@pytest.mark.parametrize("told", [b'"vendor/m-1"', b'"small"'])
def test_nothing_is_learned_from_a_name_that_is_known(told: bytes) -> None:
    assert RENAMING.learned(b'data: {"model":%b}\n\n' % told) is RENAMING


@pytest.mark.parametrize("told", [b"null", b'""', b"1", b'{"a":1}', b'"cut'])
def test_what_is_no_name_is_passed_over(told: bytes) -> None:
    assert RENAMING.learned(b'data: {"model":%b}\n\n' % told) is None
    assert RENAMING.whole(b'{"model":%b}' % told) == b'{"model":%b}' % told


def test_few_of_the_names_that_are_told_are_kept() -> None:
    renaming = Renaming("a", "b")
    for number in range(3 * TOLD_MAX):
        answer = b'{"model":"%d"}' % number
        assert renaming.whole(answer) == b'{"model":"b"}'
    assert len(renaming._told) == TOLD_MAX
