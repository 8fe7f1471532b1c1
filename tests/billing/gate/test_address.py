"""Redis URLs mean the same here as in redis-py, and never show their password."""

import pytest

from billing.gate.address import parse_address


@pytest.mark.parametrize(
    ("url", "host", "port", "database"),
    [
        ("redis://", "localhost", 6379, 0),
        ("redis://cache:7000/3", "cache", 7000, 3),
        ("redis://cache/?db=4", "cache", 6379, 4),
        ("redis://[::1]:7000", "::1", 7000, 0),
        ("rediss://cache", "cache", 6379, 0),
    ],
)
def test_host_port_and_database(url: str, host: str, port: int, database: int) -> None:
    address = parse_address(url)

    assert (address.host, address.port, address.database) == (host, port, database)
    assert (address.tls is not None) == url.startswith("rediss:")


def test_a_unix_socket_with_a_database() -> None:
    address = parse_address("unix:///run/valkey.sock?db=2")

    assert (address.socket_path, address.database) == ("/run/valkey.sock", 2)


def test_credentials_are_sent_and_not_shown() -> None:
    address = parse_address("redis://relay:p%40ss@cache/1")

    assert address.greeting()[:2] == [("AUTH", "relay", "p@ss"), ("SELECT", "1")]
    assert "p@ss" not in repr(address)
    assert parse_address("redis://:only@cache").greeting()[0] == ("AUTH", "only")


@pytest.mark.parametrize(
    "url", ["http://cache", "cache:6379", "redis://cache/x", "redis://:s3cret@h/x"]
)
def test_anything_else_is_refused_without_repeating_it(url: str) -> None:
    with pytest.raises(ValueError, match="Redis URL") as refusal:
        parse_address(url)
    assert "s3cret" not in str(refusal.value)
