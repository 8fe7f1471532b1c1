"""Many prices change at once: seen first, published all or none, in one scope."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import AuditRecord, Organization, Site
from billing import bulk_prices, prices
from billing.models import Model, Price
from relay import costs
from relay.models import Route, Upstream
from relay.web import price_rows
from tests.factories import calls
from tests.factories.billing import default_price

QUERIES_MAX = 15
UNIT = 10**9


@pytest.fixture
def models(home: Site) -> list[Model]:
    Model.objects.bulk_create(
        [Model(pk="gpt-a", owned_by="openai"), Model(pk="claude-b", owned_by="anthropic")]
    )
    components = {"input": UNIT, "output": 4 * UNIT}
    return [default_price(name, components).model for name in ("gpt-a", "claude-b")]


def seal_in(text: str) -> str:
    return text.partition('name="seal" value="')[2].partition('"')[0]


def preview(client: Client, form: dict[str, Any], query: str = "", door: str = "site") -> str:
    response = client.post(reverse(f"{door}_price_list") + query, form | {"preview": "1"})
    assert response.status_code == 200, response.content.decode()
    return response.content.decode()


def publish(client: Client, form: dict[str, Any], query: str = "", door: str = "site") -> Any:
    """As a browser does: what was previewed."""
    seal = seal_in(preview(client, form, query, door))
    address = reverse(f"{door}_price_list") + query
    return client.post(address, form | {"publish": "1", "seal": seal})


def paid(model: str, site: Site) -> Any:
    version = prices.in_force(Model.objects.get(pk=model), site, timezone.now())
    return version.components if version else None


def test_a_preview_shows_what_would_change_and_writes_nothing(
    keeper: Client, acme: Organization, models: list[Model]
) -> None:
    usage = {"input_tokens": 1_000_000, "output_tokens": 0, "charge_nanos": UNIT}
    calls.record(acme, model="gpt-a", **usage)
    text = preview(keeper, {"others": "+10%"})
    assert "2 prices would change" in text
    assert "1.10" in text
    assert "+10" in text
    assert "$1.100000" in text, "the effect on the last 30 days"
    assert Price.objects.count() == 2
    assert not AuditRecord.objects.exists()


def test_a_markup_over_the_default_becomes_the_sites_own_price(
    keeper: Client, home: Site, models: list[Model]
) -> None:
    prices.publish(models[0], site=home, components={"input": 9 * UNIT, "output": 9 * UNIT})
    form = {"basis": "default", "others": "20%", "reason": "autumn"}
    assert publish(keeper, form).status_code == 302
    assert paid("gpt-a", home) == {"input": 1_200_000_000, "output": 4_800_000_000}
    assert paid("claude-b", home) == {"input": 1_200_000_000, "output": 4_800_000_000}
    rows = AuditRecord.objects.filter(action="price.publish", site=home)
    assert {row.reason for row in rows} == {"autumn"}
    assert rows.count() == 2
    assert Price.objects.filter(site=None).count() == 2, "the defaults are nobody's but operators'"


def test_only_what_is_listed_and_ticked_changes(
    keeper: Client, home: Site, models: list[Model]
) -> None:
    publish(keeper, {"others": "+10%"}, "?vendor=anthropic")
    assert paid("gpt-a", home)["input"] == UNIT
    publish(keeper, {"step_output": "7", "model": ["gpt-a"]})
    assert paid("gpt-a", home) == {"input": UNIT, "output": 7 * UNIT}
    assert paid("claude-b", home)["output"] == 4_400_000_000


def test_prices_end_at_once_where_a_default_is_behind_them(
    keeper: Client, home: Site, models: list[Model]
) -> None:
    publish(keeper, {"others": "+10%", "model": ["gpt-a"]})
    alone = Model.objects.create(pk="alone")
    prices.publish(alone, site=home, components={"request": 1})
    text = preview(keeper, {"basis": "end"})
    assert "1 price would change" in text
    assert "has no own price with a default behind it" in text
    publish(keeper, {"basis": "end"})
    assert paid("gpt-a", home)["input"] == UNIT
    assert paid("alone", home) == {"request": 1}


def test_nothing_is_published_unseen_or_changed_since(
    keeper: Client, home: Site, models: list[Model]
) -> None:
    address, form = reverse("site_price_list"), {"others": "+10%"}
    response = keeper.post(address, form | {"publish": "1"})
    assert "look at it once more" in response.content.decode()
    seal = seal_in(preview(keeper, form))
    prices.publish(models[0], components={"input": 2 * UNIT, "output": 4 * UNIT})
    response = keeper.post(address, form | {"publish": "1", "seal": seal})
    assert response.status_code == 422
    assert seal_in(response.content.decode()) != seal, "and this is what it would be now"
    assert not Price.objects.filter(site=home).exists()
    other = keeper.post(address, {"others": "+50%", "publish": "1", "seal": seal})
    assert other.status_code == 422


def test_a_change_can_begin_later(keeper: Client, home: Site, models: list[Model]) -> None:
    start = timezone.now() + timedelta(days=3)
    publish(keeper, {"others": "+10%", "effective_from": f"{start:%Y-%m-%dT%H:%M}"})
    assert paid("gpt-a", home)["input"] == UNIT
    row = Price.objects.get(site=home, model="gpt-a")
    assert row.effective_from > timezone.now()
    text = keeper.get(reverse("site_price_list")).content.decode()
    assert f"{row.effective_from:%Y-%m-%d %H:%M}" in text


def test_prices_below_cost_need_a_second_yes(
    keeper: Client, home: Site, models: list[Model]
) -> None:
    upstream = Upstream.objects.create(id="vendor", base_url="https://api.example.com/v1")
    route = Route.objects.create(model=models[0], upstream=upstream, name="m")
    costs.publish(costs.key_of(route), {"input": 950_000_000, "output": 1})
    response = publish(keeper, {"others": "-10%"})
    assert response.status_code == 422
    assert "1 of these prices is below" in response.content.decode()
    assert publish(keeper, {"others": "-10%", "accepts_loss": "on"}).status_code == 302
    text = keeper.get(reverse("site_price_list"), {"show": "loss"}).content.decode()
    assert "gpt-a" in text
    assert "claude-b" not in text


@pytest.mark.parametrize(
    "wrong",
    [{}, {"others": "0.15"}, {"others": "ten"}, {"step_input": "-1"}, {"others": "-99%"}],
)
def test_nonsense_is_refused(keeper: Client, models: list[Model], wrong: dict[str, str]) -> None:
    response = keeper.post(reverse("site_price_list"), wrong | {"preview": "1"})
    assert response.status_code == 422
    assert not seal_in(response.content.decode())


def test_own_prices_are_to_be_reviewed_once_the_default_has_changed(
    keeper: Client, home: Site, models: list[Model]
) -> None:
    publish(keeper, {"others": "+10%"})
    address = reverse("site_price_list")
    assert "No price fits" in keeper.get(address, {"show": "review"}).content.decode()
    prices.publish(models[1], components={"input": 2 * UNIT, "output": 4 * UNIT})
    text = keeper.get(address, {"show": "review"}).content.decode()
    assert "claude-b" in text
    assert "gpt-a" not in text


def test_staff_see_and_change_their_own_site_only_and_operators_every_scope(
    keeper: Client,
    onlooker: Client,
    operator: Client,
    other_site: Site,
    home: Site,
    models: list[Model],
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    prices.publish(models[0], site=other_site, components={"input": 77 * UNIT, "output": 99 * UNIT})
    address = reverse("site_price_list")
    with django_assert_max_num_queries(QUERIES_MAX):
        text = keeper.get(address, {"site": other_site.pk}).content.decode()
    assert "77.00" not in text
    publish(keeper, {"others": "+10%"}, f"?site={other_site.pk}")
    assert Price.objects.filter(site=home).count() == 2
    assert "Change them at once" not in onlooker.get(address).content.decode()
    assert onlooker.post(address, {"others": "+10%"}).status_code == 403
    publish(operator, {"others": "+10%"}, f"?site={other_site.pk}", "ops")
    assert paid("gpt-a", other_site)["input"] == 84_700_000_000
    publish(operator, {"others": "-50%"}, door="ops")
    default = Price.objects.filter(site=None, model="gpt-a").latest("effective_from")
    assert default.components["input"] == UNIT // 2


def test_a_search_finds_what_is_behind_the_first_five_hundred(
    keeper: Client, models: list[Model]
) -> None:
    Model.objects.bulk_create([Model(pk=f"a-{n:03}") for n in range(bulk_prices.MODELS_MAX)])
    for page in ("site_price_list", "site_models"):
        address = reverse(page)
        assert "gpt-a</code>" not in keeper.get(address).content.decode()
        assert "gpt-a</code>" in keeper.get(address, {"q": "GPT-"}).content.decode()
    assert seal_in(preview(keeper, {"others": "+10%", "model": ["gpt-a"]}, "?q=gpt"))


def links_of(text: str) -> list[str]:
    """The addresses of the list's other pages."""
    pager = text.partition('<nav class="pager"')[2].partition("</nav>")[0]
    return [html.unescape(each) for each in re.findall(r'<a [^>]*href="([^"]+)"', pager)]


def test_a_long_list_comes_in_pages_and_each_says_where_the_next_is(
    keeper: Client, models: list[Model]
) -> None:
    names = [f"a-{n:03}" for n in range(price_rows.PAGE_ROWS + 20)]
    Model.objects.bulk_create([Model(pk=name, owned_by="a") for name in names])
    address = reverse("site_price_list")
    first = keeper.get(address, {"q": "a", "vendor": "a"}).content.decode()
    [following] = links_of(first)
    second = keeper.get(following).content.decode()
    listed = [re.findall(r">(a-\d{3})</code>", text) for text in (first, second)]
    assert [len(each) for each in listed] == [price_rows.PAGE_ROWS, 20]
    assert listed[0] + listed[1] == names
    [back] = links_of(second)
    assert keeper.get(back).content.decode().count("</code></a>") == price_rows.PAGE_ROWS


def test_what_few_models_have_is_looked_for_among_many(
    keeper: Client, home: Site, models: list[Model]
) -> None:
    count = price_rows.LOOKED_AT_MAX
    Model.objects.bulk_create([Model(pk=f"a-{n:03}") for n in range(count)])
    for name in ("a-499", "gpt-a"):
        prices.publish(
            Model.objects.get(pk=name), site=home, components={"input": 2 * UNIT, "output": UNIT}
        )
    first = keeper.get(reverse("site_price_list"), {"show": "own"}).content.decode()
    assert "a-499</code>" in first
    [following] = links_of(first)
    assert "gpt-a</code>" in keeper.get(following).content.decode()


def test_a_change_of_all_that_fit_is_for_every_page_of_them(
    keeper: Client, home: Site, models: list[Model]
) -> None:
    Model.objects.bulk_create([Model(pk=f"a-{n:03}") for n in range(price_rows.PAGE_ROWS)])
    text = preview(keeper, {"others": "+10%"})
    assert "gpt-a</code>" not in text.partition('id="change"')[0]
    publish(keeper, {"others": "+10%"})
    assert paid("gpt-a", home)["input"] == UNIT * 11 // 10


def test_no_change_is_for_more_models_than_can_be_looked_over(
    keeper: Client, models: list[Model]
) -> None:
    Model.objects.bulk_create([Model(pk=f"a-{n:03}") for n in range(bulk_prices.MODELS_MAX)])
    answer = keeper.post(reverse("site_price_list"), {"others": "+10%", "preview": "1"})
    assert answer.status_code == 422
    assert "More than 500 models fit" in answer.content.decode()
    assert seal_in(preview(keeper, {"others": "+10%"}, "?q=gpt"))


def test_a_site_that_is_none_is_not_taken_for_the_defaults(
    operator: Client, models: list[Model]
) -> None:
    before = Price.objects.count()
    change = {"others": "+10%", "publish": "1"}
    assert operator.post("/ops/prices?site=no-such-site", change).status_code == 404
    assert operator.get("/ops/prices?site=no-such-site").status_code == 404
    assert Price.objects.count() == before


def test_an_empty_list_says_where_models_come_from(
    keeper: Client, operator: Client, home: Site
) -> None:
    own = keeper.get(reverse("site_price_list")).content.decode()
    assert f'<a class="btn" href="{reverse("site_models")}">' in own
    address = reverse("ops_price_list")
    assert reverse("ops_model_new") in operator.get(address).content.decode()
    of_site = operator.get(address, {"site": home.pk}).content.decode()
    assert f'<a class="btn" href="{reverse("ops_site_models", args=[home.pk])}">' in of_site
    assert "Show all" in keeper.get(reverse("site_price_list"), {"q": "none"}).content.decode()
