"""Operators read how the relays find an upstream, and keep its credentials."""

import time
from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import reverse

from billing import connections
from billing.gate.blocking import command
from relay.health_reports import FRESH_S, KEY, Report, TripReport, encode
from relay.models import Upstream
from relay.upstream_health import worded

SECRET = "sk-second-12345678"


@pytest.fixture
def report(upstream: Upstream) -> Iterator[Report]:
    now = time.time()
    trips = (
        TripReport("vendor", "", "half-open", "FirstByteTimeout", 10, now - 60, now),
        TripReport("vendor", upstream.held()[0].id, "open", "status_401", 1, now, now + 5),
        TripReport("gone", "", "open", "status_500", 1, now, now + 5),
    )
    yield Report("relay-1", now, trips, {"vendor": 3})
    command(connections.redis(), "delete", KEY)


def publish(report: Report) -> None:
    command(connections.redis(), "hset", KEY, report.relay, encode(report))


def page(operator: Client, name: str, *args: str) -> str:
    return operator.get(reverse(name, args=args)).content.decode()


def test_state_reason_and_relay_are_shown(
    operator: Client, upstream: Upstream, report: Report
) -> None:
    publish(report)
    detail = page(operator, "ops_upstream", "vendor")
    for text in ("relay-1", "being tried", "left alone", "did not answer in time", "refused the"):
        assert text in detail
    listed = page(operator, "ops_upstreams")
    assert "being tried" in listed
    assert "did not answer in time" in listed
    assert "did not answer in time" in page(operator, "ops_overview")


def test_a_relay_that_is_gone_says_nothing(
    operator: Client, upstream: Upstream, report: Report
) -> None:
    publish(Report("relay-1", report.at - FRESH_S - 1, report.trips))
    detail = page(operator, "ops_upstream", "vendor")
    assert "relay-1" not in detail
    assert "No relay has reported" in detail


def test_every_code_has_words() -> None:
    codes = ["status_500", "status_403", "ConnectFailed", "TlsError", "deadline", "empty_stream"]
    codes += ["ConnectionReset", "incomplete", "status_429", "whatever"]
    assert all(worded(code) for code in codes)


def test_a_credential_is_added_and_removed_and_never_shown(
    operator: Client, upstream: Upstream
) -> None:
    given = {"new-label": "east", "new-secret": SECRET} | {"label": "east", "secret": SECRET}
    response = operator.post(reverse("ops_credential_add", args=["vendor"]), given)
    assert response.status_code == 302
    upstream.refresh_from_db()
    first, second = upstream.held()
    assert second.label == "east"
    detail = page(operator, "ops_upstream", "vendor")
    assert "east" in detail
    assert SECRET not in detail
    assert SECRET[-4:] not in detail
    again = operator.post(reverse("ops_credential_add", args=["vendor"]), given)
    assert again.status_code == 422
    assert SECRET not in again.content.decode()
    operator.post(reverse("ops_credential_remove", args=["vendor", first.id]))
    upstream.refresh_from_db()
    assert [secret for _, secret in upstream.secrets()] == [SECRET]


def test_cap_and_quirks_are_saved_or_refused(operator: Client, upstream: Upstream) -> None:
    address = reverse("ops_upstream", args=["vendor"])
    given = {
        "base_url": upstream.base_url,
        "dialect": "openai",
        "provider": "",
        "credential": "",
        "concurrency_max": "7",
        "quirks": '{"lacks": ["moderations"]}',
    }
    assert operator.post(address, given).status_code == 302
    upstream.refresh_from_db()
    assert (upstream.concurrency_max, upstream.quirks) == (7, {"lacks": ["moderations"]})
    for wrong in ('{"talks": 1}', "{", '{"headers": {"a b": "c"}}', "[1]", '{"paths": {"a": "b"}}'):
        assert operator.post(address, given | {"quirks": wrong}).status_code == 422
