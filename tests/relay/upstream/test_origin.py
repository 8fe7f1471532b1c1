"""An Origin is read from a base URL that an operator typed."""

import pytest

from relay.proxy.upstream.port import Origin


@pytest.mark.parametrize(
    ("base_url", "origin", "authority"),
    [
        ("https://api.example/v1", Origin("https", "api.example", 443, "/v1"), "api.example"),
        ("https://API.Example/v1/", Origin("https", "api.example", 443, "/v1"), "api.example"),
        ("http://llm.internal", Origin("http", "llm.internal", 80, ""), "llm.internal"),
        ("http://llm:8080/", Origin("http", "llm", 8080, ""), "llm:8080"),
        ("https://a.example:443/x/y", Origin("https", "a.example", 443, "/x/y"), "a.example"),
        ("http://127.0.0.1:9/v1", Origin("http", "127.0.0.1", 9, "/v1"), "127.0.0.1:9"),
        ("http://[::1]:9/v1", Origin("http", "::1", 9, "/v1"), "[::1]:9"),
    ],
)  # fmt: skip
def test_a_base_url_becomes_an_origin(base_url: str, origin: Origin, authority: str) -> None:
    assert Origin.parse(base_url) == origin
    assert Origin.parse(base_url).authority == authority


@pytest.mark.parametrize(
    "base_url",
    [
        "",
        "api.example/v1",
        "//api.example",
        "ftp://api.example",
        "file:///etc/passwd",
        "unix:/run/docker.sock",
        "https://",
        "https:///v1",
        "https://user@api.example",
        "https://user:hunter2@api.example",
        "https://api.example?x=1",
        "https://api.example/v1#part",
        "https://api.example:0",
        "https://api.example:65536",
        "https://api.example:x",
        "https://api.example\\@evil.example",
        "https://api.exa mple.com",
        "https://api.example/v1\r\nX: y",
        "https://api.example\t",
        "https://bücher.example",
        "https://-a.example",
        "https://a..example",
        "https://" + "a" * 64 + ".example",
        "https://" + ".".join(["a" * 50] * 6),
        "https://[::1%25lo]/",
        "https://[not-an-address]/",
        "https://a.example/v1/../admin",
    ],
)
def test_anything_else_is_refused(base_url: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011  the type is the contract
        Origin.parse(base_url)
    assert "hunter2" not in str(refused.value)
