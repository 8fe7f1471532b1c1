"""The wizard's steps: each makes what a page of its own would, can be skipped, and is on record."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.test import Client, override_settings
from django.utils import timezone

from accounts import first_run
from accounts.models import AuditRecord, FirstRun, Site, User
from billing.models import Model, Price, SiteTerms
from devstack.demo_upstream.exchange import Options
from devstack.demo_upstream.server import Running, running
from relay.models import Route, Upstream
from tests.pages.people import confirmed
from tests.pages.setup.conftest import BY, HOST, claim

pytestmark = pytest.mark.django_db

KEY = "key-of-the-first-upstream"
SITE = {
    "name": "Acme AI",
    "id": "acme",
    "domain": "acme.example",
    "language": "zh-hans",
    "currency": "cny",
}
MODEL = {
    "id": "demo-model",
    "upstream": "demo",
    "upstream_name": "",
    "context_tokens": "128000",
    "max_output_tokens": "4096",
    "input": "1.00",
    "cached_input": "0.50",
    "output": "3.00",
}


@pytest.fixture
def operator(token: str, client: Client) -> Client:
    """Who has just claimed the deployment."""
    client.post("/setup", claim(token))
    return client


@pytest.fixture
def vendor() -> Iterator[Running]:
    with running(Options(name="vendor", api_key=KEY)) as made:
        yield made


def upstream(vendor: Running) -> dict[str, str]:
    return {"id": "demo", "dialect": "openai", "base_url": vendor.base_url, "credential": KEY}


def actions() -> list[str]:
    return list(AuditRecord.objects.order_by("pk").values_list("action", flat=True))


def test_from_nothing_to_a_model_that_is_sold(operator: Client, vendor: Running) -> None:
    assert operator.post("/setup/site", SITE).headers["Location"] == "/setup/upstream"
    site = Site.objects.get()
    assert (site.pk, site.currency, site.language) == ("acme", "CNY", "zh-hans")
    assert [row.domain for row in site.domains.all()] == ["acme.example"]
    assert SiteTerms.objects.get(site=site).plan_id == "default"

    assert operator.post("/setup/upstream", upstream(vendor)).status_code == 302
    tried = operator.post("/setup/upstream/demo/try", {"act": "call", "model": "demo-model"})
    told = AuditRecord.objects.get(action="upstream.test")
    assert told.after == {"model": "demo-model", "ok": True, "status": 200}
    assert "works" in tried.content.decode()
    assert KEY not in tried.content.decode()

    assert operator.post("/setup/model", MODEL).headers["Location"] == "/setup/done"
    assert Route.objects.get().name == "demo-model"
    assert Price.objects.get().components["output"] == 3_000_000_000
    page = operator.get("/setup/done").content.decode()
    assert "http://acme.example" in page

    finished = operator.post("/setup/done")
    assert "http://acme.example" in finished.content.decode()
    assert operator.get("/setup").status_code == 421
    assert {"setup.claim", "plan.create", "site.create", "upstream.create", "model.create"} <= set(
        actions()
    )
    assert actions()[-1] == "setup.finish"
    assert AuditRecord.objects.filter(action="site.create").get().actor == User.objects.get()


def test_a_site_at_the_wizards_own_host_answers_there_at_once(operator: Client) -> None:
    assert operator.get("/setup/site").context["form"]["domain"].value() == HOST
    operator.post("/setup/site", SITE | {"domain": HOST})
    assert operator.get("/").status_code == 200
    assert operator.get("/setup/upstream").status_code == 200


def test_skipped_steps_are_not_asked_for_again_but_stay_reachable(operator: Client) -> None:
    assert operator.post("/setup/skip/site").headers["Location"] == "/setup/upstream"
    assert operator.post("/setup/skip/upstream").headers["Location"] == "/setup/model"
    assert "needs an upstream" in operator.get("/setup/model").content.decode()
    assert operator.post("/setup/skip/model").headers["Location"] == "/setup/done"
    page = operator.get("/setup/done").content.decode()
    assert 'href="/setup/site"' in page
    assert "No site is open yet" in page
    assert actions().count("setup.skip") == 3
    assert operator.post("/setup/skip/account").status_code == 404


def test_it_is_taken_up_where_it_was_left_also_after_logging_in_again(operator: Client) -> None:
    operator.post("/setup/site", SITE)
    assert Client().get("/").headers["Location"] == "/setup"
    assert Client().get("/setup").headers["Location"] == "/accounts/login/?next=/setup"
    assert Client().get("/accounts/login/").status_code == 200
    again = confirmed(User.objects.get())
    assert again.get("/setup").headers["Location"] == "/setup/upstream"


def test_somebody_elses_login_finds_no_steps(operator: Client) -> None:
    other = confirmed(User.objects.create_user("other@example.com"))
    for path in ("/setup", "/setup/site", "/setup/upstream", "/setup/model", "/setup/done"):
        assert other.get(path).status_code == 404
    assert other.post("/setup/site", SITE).status_code == 404


@pytest.mark.parametrize(
    ("field", "value"), [("domain", "not a host"), ("currency", "¤"), ("id", "Ä"), ("name", "")]
)
def test_a_site_that_must_not_be_so_says_which_field(
    operator: Client, field: str, value: str
) -> None:
    answer = operator.post("/setup/site", SITE | {field: value})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]
    assert not Site.objects.exists()


def test_a_model_is_made_whole_or_not_at_all(operator: Client, vendor: Running) -> None:
    operator.post("/setup/upstream", upstream(vendor))
    assert operator.post("/setup/model", MODEL | {"output": ""}).status_code == 422
    assert not Model.objects.exists()
    operator.post("/setup/model", MODEL)
    assert operator.post("/setup/model", MODEL).status_code == 422
    assert Upstream.objects.count() == Model.objects.count() == 1


def test_an_upstream_that_refuses_the_key_says_so(operator: Client, vendor: Running) -> None:
    operator.post("/setup/upstream", upstream(vendor) | {"credential": "wrong-key"})
    tried = operator.post("/setup/upstream/demo/try", {"act": "call", "model": "demo-model"})
    assert "refused the credential" in tried.content.decode()
    assert operator.get("/setup/upstream?new=1").context["form"] is not None


def test_operators_use_a_second_factor_in_the_wizard_too(operator: Client) -> None:
    with override_settings(STAFF_SECOND_FACTOR="required"):
        assert operator.get("/setup/site").headers["Location"] == "/app/settings/security"
        assert operator.get("/app/settings/security").status_code == 200
        assert operator.get("/app/settings/security/app").status_code == 200


def test_its_pages_speak_all_languages(operator: Client) -> None:
    for language, word in (("zh-hans", "跳过"), ("zh-hant", "跳過")):
        operator.cookies["django_language"] = language
        assert word in operator.get("/setup/site").content.decode()


def test_the_wizard_is_over_after_a_week(operator: Client) -> None:
    FirstRun.objects.update(claimed_at=timezone.now() - first_run.OPEN_FOR - timedelta(seconds=1))
    assert operator.get("/setup/site").status_code == 421


def test_finishing_twice_is_once(operator: Client) -> None:
    first_run.finish(by=BY)
    first_run.finish(by=BY)
    assert actions().count("setup.finish") == 1
