"""Operators publish price versions, for every site or one; one below cost needs a second yes."""

import json
import re
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import audit
from accounts.models import Organization, Site
from billing import prices
from billing.models import Model, Price
from relay import routes
from relay.models import Upstream
from tests.factories import calls
from tests.factories.billing import default_price

PRICE = {"input": "2.50", "cached_input": "", "output": "10"}


@pytest.fixture
def address(model: Model) -> str:
    return reverse("ops_prices", args=[model.pk])


def test_a_default_is_published_from_now_on_by_whoever_did(
    operator: Client, model: Model, home: Site, address: str
) -> None:
    assert operator.post(address, PRICE).status_code == 302
    version = prices.in_force(model, home, timezone.now())
    assert version is not None
    assert version.components == {"input": 2_500_000_000, "output": 10_000_000_000}
    assert version.created_by is not None
    assert version.created_by.email == "op@example.com"


def test_a_site_gets_a_price_of_its_own(
    operator: Client, model: Model, home: Site, address: str
) -> None:
    operator.post(address, PRICE)
    operator.post(address, PRICE | {"site": home.pk, "input": "3"})
    version = prices.in_force(model, home, timezone.now())
    assert version is not None
    assert (version.site_id, version.components["input"]) == (home.pk, 3_000_000_000)


def test_a_version_can_begin_later(
    operator: Client, model: Model, home: Site, address: str
) -> None:
    operator.post(address, PRICE)
    start = timezone.now() + timedelta(days=2)
    later = PRICE | {"output": "12", "effective_from": start.strftime("%Y-%m-%dT%H:%M")}
    assert operator.post(address, later).status_code == 302
    now = prices.in_force(model, home, timezone.now())
    then = prices.in_force(model, home, start)
    assert now is not None
    assert then is not None
    assert (now.components["output"], then.components["output"]) == (
        10_000_000_000,
        12_000_000_000,
    )
    text = operator.get(address).content.decode()
    assert "scheduled" in text
    assert "in force" in text


@pytest.mark.parametrize(
    "wrong",
    [
        {"input": ""},
        {"output": "-1"},
        {"output": "1e3"},
        {"input": "9999999"},
        {"effective_from": "2020-01-01T00:00"},
        {"site": "gone"},
    ],
)
def test_nonsense_is_refused(operator: Client, address: str, wrong: dict[str, str]) -> None:
    assert operator.post(address, PRICE | wrong).status_code == 422
    assert not Price.objects.exists()


def test_a_price_below_cost_needs_a_second_yes(
    operator: Client, model: Model, upstream: Upstream, address: str
) -> None:
    cost = {"input": 2_000_000_000, "output": 11_000_000_000}
    routes.add(model, upstream, name="x", cost=cost, by=audit.command("test"))
    response = operator.post(address, PRICE)
    assert response.status_code == 422
    assert "Some route costs more than this price: Output." in response.content.decode()
    assert not Price.objects.exists()
    assert operator.post(address, PRICE | {"accepts_loss": "on"}).status_code == 302
    assert Price.objects.exists()


def test_an_unknown_cost_is_no_loss(
    operator: Client, model: Model, upstream: Upstream, address: str
) -> None:
    routes.add(model, upstream, name="x", by=audit.command("test"))
    assert operator.post(address, PRICE).status_code == 302


EVERYTHING = {
    "cache_write_5m": "3.125",
    "audio_input": "40",
    "seconds": "0.0001",
    "request": "0.001",
    "minimum": "0.002",
    "image_kind_0": "hd:1024x1024",
    "image_price_0": "0.08",
    "image_kind_2": "default",
    "image_price_2": "0.04",
    "tier_above_0": "200000",
    "tier_input_0": "5",
    "tier_cache_write_5m_0": "6.25",
}
STORED = {
    "input": 2_500_000_000,
    "output": 10_000_000_000,
    "cache_write_5m": 3_125_000_000,
    "audio_input": 40_000_000_000,
    "seconds": 100_000,
    "request": 1_000_000,
    "minimum": 2_000_000,
    "image": {"default": 40_000_000, "hd:1024x1024": 80_000_000},
    "tiers": [{"above_tokens": 200_000, "input": 5_000_000_000, "cache_write_5m": 6_250_000_000}],
}


def fields_of(text: str) -> dict[str, str]:
    """What a browser would send of the page's form as it was served."""
    found = dict(re.findall(r'<input type="(?:text|number)" name="([^"]+)" value="([^"]*)"', text))
    return {name: value for name, value in found.items() if name != "csrfmiddlewaretoken"}


def test_every_component_is_published_and_comes_back_in_the_form(
    operator: Client, model: Model, address: str
) -> None:
    assert operator.post(address, PRICE | EVERYTHING).status_code == 302
    assert Price.objects.get().components == STORED
    text = operator.get(address).content.decode()
    assert "Image hd 1024x1024" in text
    assert "Input, prompt above 200,000 tokens" in text
    operator.post(address, fields_of(text))
    assert Price.objects.count() == 1, "the form as it was served says what is in force"


def test_an_image_model_needs_no_token_price(operator: Client, model: Model, address: str) -> None:
    only = {"image_kind_0": "1024x1024", "image_price_0": "0.04"}
    assert operator.post(address, only).status_code == 302
    assert Price.objects.get().components == {"image": {"1024x1024": 40_000_000}}


@pytest.mark.parametrize(
    "wrong",
    [
        {"image_kind_0": "hd"},
        {"image_price_0": "1"},
        {"image_kind_0": "hd", "image_price_0": "1", "image_kind_1": "hd", "image_price_1": "2"},
        {"tier_input_0": "5"},
        {"tier_above_0": "1000"},
        {"tier_above_0": "1000", "tier_input_0": "1"},
        {"tier_above_0": "1000", "tier_audio_input_0": "9"},
        {"tier_above_0": "9", "tier_input_0": "5", "tier_above_1": "8", "tier_input_1": "6"},
        {"ends_own_price": "on"},
        {"organization": "nobody"},
    ],
)
def test_rows_that_make_no_sense_are_refused(
    operator: Client, address: str, wrong: dict[str, str]
) -> None:
    response = operator.post(address, PRICE | wrong)
    assert response.status_code == 422
    assert 'class="error"' in response.content.decode()
    assert not Price.objects.exists()


def test_a_contract_is_found_by_name_and_ends_again(
    operator: Client, model: Model, acme: Organization, address: str
) -> None:
    operator.post(address, PRICE)
    operator.post(address, PRICE | {"organization": acme.name, "input": "1"})
    version = prices.in_force(model, acme.site, timezone.now(), acme)
    assert version is not None
    assert (version.organization_id, version.components["input"]) == (acme.pk, 1_000_000_000)
    own = operator.get(address, {"organization": acme.pk}).content.decode()
    assert fields_of(own)["input"] == "1.00"
    operator.post(address, {"organization": acme.pk, "ends_own_price": "on"})
    version = prices.in_force(model, acme.site, timezone.now(), acme)
    assert version is not None
    assert version.organization_id is None
    assert "ends: what counts without it" in operator.get(address).content.decode()


def test_a_name_that_fits_several_customers_lists_them(
    operator: Client, acme: Organization, globex: Organization, address: str
) -> None:
    both = PRICE | {"organization": "e"}  # acme and globex
    text = operator.post(address, both).content.decode()
    assert acme.pk in text
    assert globex.pk in text
    assert operator.post(address, PRICE | {"organization": acme.pk}).status_code == 302
    scoped = PRICE | {"organization": acme.pk, "site": acme.site_id}
    assert operator.post(address, scoped).status_code == 422


def test_images_below_cost_are_told_by_kind(
    operator: Client, model: Model, upstream: Upstream, address: str
) -> None:
    routes.add(
        model,
        upstream,
        name="x",
        cost={"image": {"hd": 50_000_000, "low": 1}},
        by=audit.command("test"),
    )
    cheap = {"image_kind_0": "default", "image_price_0": "0.04"}
    text = operator.post(address, cheap).content.decode()
    assert "Some route costs more than this price: Any other image, Image hd." in text


def test_a_preview_tells_the_effect_and_publishes_nothing(
    operator: Client, model: Model, acme: Organization, address: str
) -> None:
    default_price(model.pk)
    usage = {"input_tokens": 1_000_000, "output_tokens": 0, "charge_nanos": 100_000_000}
    calls.record(acme, model=model.pk, cost_nanos=3_000_000_000, **usage)
    response = operator.post(address, PRICE | {"preview": "1"})
    text = response.content.decode()
    assert response.status_code == 200
    assert "Effect on the last 30 days" in text
    for figure in ("$0.100000", "$2.500000", "+$2.400000"):
        assert figure in text
    assert fields_of(text)["input"] == "2.50", "what was entered stays"
    assert Price.objects.count() == 1


def test_the_end_of_the_only_price_has_no_preview(
    operator: Client, model: Model, home: Site, address: str
) -> None:
    end = {"site": home.pk, "ends_own_price": "on", "preview": "1"}
    response = operator.post(address, end)
    assert response.status_code == 422
    assert "be sold there." in response.content.decode()


def test_the_command_prints_the_same_as_one_object(model: Model, acme: Organization) -> None:
    calls.record(acme, model=model.pk, input_tokens=1_000_000, output_tokens=0, charge_nanos=5)
    out = StringIO()
    price = '{input: "2.50", output: "10"}'
    call_command("preview_price", model=model.pk, price=price, stdout=out)
    told = json.loads(out.getvalue())
    assert told["is_capped"] is False
    assert told["by_currency"] == {
        "USD": {
            "calls": 1,
            "charged_nanos": 5,
            "would_be_nanos": 2_500_000_000,
            "difference_nanos": 2_499_999_995,
            "dearer_calls": 1,
            "cheaper_calls": 0,
            "below_cost_calls": 0,
        }
    }


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "gone"},
        {"site": "gone"},
        {"organization": "gone"},
        {"price": "{input: 1}"},
        {"price": "{}"},
        {"price": "{"},
    ],
)
def test_the_command_refuses_what_makes_no_sense(model: Model, wrong: dict[str, str]) -> None:
    asked = {"model": model.pk, "price": '{input: "1", output: "1"}'} | wrong
    with pytest.raises(CommandError):
        call_command("preview_price", **asked)
