"""The upstream's model name is replaced where it is the model, and nowhere else."""

import pytest

from relay.proxy.renaming import Renaming

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
