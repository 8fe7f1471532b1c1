"""How long an Upstream asks to be left alone."""

import pytest

from relay.proxy.failures import retry_after

NOW = 784_111_777.0  # Sun, 06 Nov 1994 08:49:37 GMT, the RFC's own example


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"7", 7.0),
        (b"0", 0.0),
        (b"Sun, 06 Nov 1994 08:49:47 GMT", 10.0),
        (b"Sunday, 06-Nov-94 08:49:47 GMT", 10.0),
        (b"Sun Nov  6 08:49:47 1994", 10.0),
        (b"Sun, 06 Nov 1994 08:49:00 GMT", 0.0),
        (b"99999999", None),
        (b"soon", None),
        (b"-1", None),
        (b"\xff", None),
        (b"1" * 100, None),
        (None, None),
    ],
)
def test_seconds_or_a_date(value: bytes | None, expected: float | None) -> None:
    assert retry_after(value, NOW) == expected
