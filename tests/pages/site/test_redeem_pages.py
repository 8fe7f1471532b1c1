"""Staff make codes and see them once; a customer enters one on the balance page."""

import pytest
from django.test import Client
from django.urls import reverse
from redis import Redis

from accounts.models import Organization, Role, Site
from billing import ledger
from billing.models import RedeemBatch
from tests.factories.billing import UNIT
from tests.pages.people import logged_in, member_of

pytestmark = pytest.mark.django_db
FORM = {"name": "Spring", "amount": "5", "count": "2", "begins_with": "hi"}


def test_codes_are_shown_once_and_redeemed(keeper: Client, gate: Redis, acme: Organization) -> None:
    page = keeper.post(reverse("site_codes"), FORM)
    codes: list[str] = page.context["made"].codes
    assert page.headers["Cache-Control"] == "no-store"
    assert codes[0] in page.content.decode()
    assert codes[0] not in keeper.get(reverse("site_codes")).content.decode()
    ann = logged_in(member_of(acme, "ann@acme.test"))
    for _ in range(2):
        ann.post(reverse("redeem"), {"code": codes[0]})
    assert ledger.balance_nanos(acme.pk) == 105 * UNIT
    told = ann.post(reverse("redeem"), {"code": codes[1]}, follow=True).content.decode()
    assert "a code of this offer already" in told


def test_they_come_as_a_file_too(keeper: Client) -> None:
    response = keeper.post(reverse("site_codes"), FORM | {"file": "1"})
    assert response.headers["Content-Type"].startswith("text/csv")
    assert response.content.decode().count("HI-") == 2


def test_a_batch_is_withdrawn_by_its_own_site(
    keeper: Client, outsider: Client, onlooker: Client, acme: Organization
) -> None:
    keeper.post(reverse("site_codes"), FORM)
    batch = RedeemBatch.objects.get()
    address = reverse("site_codes_withdraw", args=[batch.pk])
    assert outsider.post(address, headers={"host": "other.example"}).status_code == 404
    assert onlooker.post(address).status_code == 403
    assert keeper.post(address).status_code == 302
    batch.refresh_from_db()
    assert batch.withdrawn_at is not None


def test_a_viewer_redeems_nothing(home: Site, acme: Organization) -> None:
    viewer = logged_in(member_of(acme, "eve@acme.test", Role.VIEWER))
    assert viewer.post(reverse("redeem"), {"code": "x"}).status_code == 403
