"""Tokens that open nothing are counted by the address they come from, and told nothing apart."""

import json

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.api import throttles
from accounts.models import ApiToken, Site
from tests.api.programs import Program, problem


def call(secret: str, address: str = "203.0.113.7") -> HttpResponse:
    return Client().get(
        "/api/v1/me", headers={"Authorization": f"Bearer {secret}"}, REMOTE_ADDR=address
    )


def test_an_address_may_fail_so_often_a_minute(
    ours: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttles, "FAILED_PER_MINUTE", 2)
    # A minute of the clock may end meanwhile; within three of them one must be full.
    answers = [call("tgp_nothing") for _ in range(9)]
    refused = next(each for each in answers if each.status_code == 429)
    assert problem(refused) == (429, "rate_limit_exceeded")
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert call(ours.secret, "203.0.113.8").status_code == 200


def test_no_token_opens_from_there_until_the_minute_ends(
    ours: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttles, "FAILED_PER_MINUTE", 0)
    assert problem(call(ours.secret)) == (429, "rate_limit_exceeded")


def test_unknown_ended_and_foreign_tokens_are_answered_alike(ours: Program, site: Site) -> None:
    unknown = ours.secret[:-4] + "0000"
    told = [call("nonsense"), call("tgp_nothing"), call(unknown)]
    ApiToken.objects.update(site=Site.objects.create(pk="far", name="Far", language="en"))
    told.append(call(ours.secret))
    ApiToken.objects.update(site=site, revoked_at="2026-11-01T00:00:00Z")
    told.append(call(ours.secret))
    bodies = [json.loads(each.content) | {"request_id": ""} for each in told]
    assert [each.status_code for each in told] == [401] * len(told)
    assert bodies == [bodies[0]] * len(told)


@pytest.mark.parametrize(
    ("address", "counted_as"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("", ""),
    ],
)
def test_a_network_of_ipv6_counts_as_one_address(address: str, counted_as: str) -> None:
    assert throttles.network_of(address) == counted_as
