"""The overview shows the day so far, helps newcomers, and refreshes part by part."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from redis import Redis

from accounts.models import Organization
from tests.factories import calls
from tests.pages.people import logged_in, member_of


def text_of(client: Client, target: str = "") -> str:
    headers = {"HX-Request": "true", "HX-Target": target} if target else {}
    return client.get("/app/", headers=headers).content.decode()


def test_figures_of_today(page_client: Client, acme: Organization) -> None:
    calls.record(acme, charge_nanos=1_500_000_000, first_byte_ms=400)
    calls.record(acme, status=502, charge_nanos=0, first_byte_ms=None)
    calls.record(acme, at=timezone.now() - timedelta(days=2), charge_nanos=7_000_000_000)
    calls.refusal(acme, multiplier=2)
    page = text_of(page_client, "figures")
    assert ">$1.50<" in page
    assert ">0.40 s<" in page
    assert "25.0 % successful, 2 refused" in page


def test_the_balance_is_the_gate_s(gate: Redis, page_client: Client) -> None:
    assert ">$100.00<" in text_of(page_client, "figures")


def test_the_balance_is_told_without_the_gate(empty_redis: Redis, page_client: Client) -> None:
    assert ">$100.00<" in text_of(page_client, "figures")


def test_a_newcomer_sees_what_to_do_until_the_first_answer(zero: Organization) -> None:
    client = logged_in(member_of(zero, "new@zero.example"))
    assert "Send your first request" in text_of(client)
    calls.refusal(zero)
    assert "was refused" in text_of(client, "setup")
    calls.record(zero)
    assert "Send your first request" not in text_of(client)


@pytest.mark.parametrize("part", ["figures", "setup", "spend", "latest"])
def test_a_part_comes_alone_and_says_what_it_varies_by(page_client: Client, part: str) -> None:
    headers = {"HX-Request": "true", "HX-Target": part}
    response = page_client.get("/app/", headers=headers)
    assert response.content.decode().lstrip().startswith("<")
    assert "<html" not in response.content.decode()
    assert f'id="{part}"' in response.content.decode()
    assert {"HX-Request", "HX-Target"} <= set(response.headers["Vary"].split(", "))


def test_an_unknown_part_is_the_whole_page(page_client: Client) -> None:
    assert "<html" in text_of(page_client, "../../etc")


def test_the_chart_has_a_table_with_the_same_numbers(
    page_client: Client, acme: Organization
) -> None:
    calls.record(acme, model="large", charge_nanos=2_000_000_000)
    calls.record(acme, model="small", charge_nanos=500_000_000)
    part = text_of(page_client, "spend")
    assert part.count('<rect class="f') == 2
    assert "$2.0000" in part
    assert "$2.5000" in part
