"""Browsers may call a site from the origins that it lists, and read what they need to."""

import pytest

from relay.proxy import cors

PAGE = "https://app.example.com"
LISTED = frozenset({PAGE})
ANYWHERE = frozenset({cors.ANY})
# What the page of a reseller shows: fetch() with these three headers.
ASK = {
    b"origin": PAGE.encode(),
    b"access-control-request-method": b"POST",
    b"access-control-request-headers": b"content-type,x-ai-provider,x-api-key",
}


def test_a_preflight_is_told_by_its_method_and_headers() -> None:
    assert cors.is_preflight("OPTIONS", ASK)
    assert not cors.is_preflight("POST", ASK)
    assert not cors.is_preflight("OPTIONS", {b"origin": b"https://x"})
    assert not cors.is_preflight("OPTIONS", {b"access-control-request-method": b"POST"})


def test_a_listed_origin_may_call_with_the_headers_it_asked_for() -> None:
    status, headers = cors.preflight(LISTED, ASK)
    answer = dict(headers)
    assert status == 204
    assert answer[b"access-control-allow-origin"] == PAGE.encode()
    assert answer[b"access-control-allow-headers"] == b"content-type, x-ai-provider, x-api-key"
    assert b"POST" in answer[b"access-control-allow-methods"]
    assert answer[b"vary"].startswith(b"origin")


def test_any_origin_may_call_a_site_that_says_so() -> None:
    assert dict(cors.preflight(ANYWHERE, ASK).headers)[b"access-control-allow-origin"] == b"*"
    assert (b"access-control-allow-origin", b"*") in cors.response_headers(ANYWHERE, ASK)


@pytest.mark.parametrize("origins", [frozenset[str](), LISTED])
@pytest.mark.parametrize(
    "origin", [b"https://evil.example", b"https://app.example.com.evil", b"null", b"\xff", b""]
)
def test_a_stranger_may_not(origins: frozenset[str], origin: bytes) -> None:
    asked = ASK | {b"origin": origin}
    status, headers = cors.preflight(origins, asked)
    assert status == 403
    assert not [name for name, _ in headers if name.startswith(b"access-control-")]
    given = cors.response_headers(origins, asked)
    assert not [name for name, _ in given if name.startswith(b"access-control-")]


@pytest.mark.parametrize(
    ("asked", "allowed"),
    [
        (b"Authorization, X-Stainless-OS,x-stainless-retry-count", 3),
        (b"cookie, x-evil, x-stainless-, x-stainless-a\r\nset-cookie: b", 0),
        (b"", 0),
        (b",".join(b"x-stainless-%d" % n for n in range(500)), cors.REQUEST_HEADERS_MAX),
    ],
)
def test_only_headers_of_the_list_are_allowed(asked: bytes, allowed: int) -> None:
    headers = dict(cors.preflight(LISTED, ASK | {b"access-control-request-headers": asked}).headers)
    given = headers.get(b"access-control-allow-headers", b"")
    assert len(given.split(b", ")) * bool(given) == allowed


def test_an_answer_lets_scripts_read_its_id_and_limits() -> None:
    exposed = dict(cors.response_headers(LISTED, ASK))[b"access-control-expose-headers"]
    for name in (b"x-request-id", b"retry-after", b"x-ratelimit-remaining-tokens"):
        assert name in exposed.split(b", ")


def test_a_shared_cache_keeps_answers_apart_by_origin() -> None:
    assert cors.response_headers(LISTED, {}) == [(b"vary", b"origin")]
    assert cors.response_headers(frozenset(), ASK) == []


@pytest.mark.parametrize("origins", [LISTED, ANYWHERE])
def test_credentials_are_never_allowed(origins: frozenset[str]) -> None:
    sent = [*cors.preflight(origins, ASK).headers, *cors.response_headers(origins, ASK)]
    assert not [name for name, _ in sent if b"credentials" in name]
