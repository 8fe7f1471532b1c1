"""Django's own admin: not there unless it was asked for; then operators' alone, and the books and
the trail can only be read in it."""

from collections.abc import Iterator
from types import ModuleType

import pytest
from django.test import Client
from django.test.utils import override_settings
from django.urls import NoReverseMatch, clear_url_caches, reverse

from accounts.models import AuditRecord, Organization, Site, SiteDomain, User
from billing import credits
from config import break_glass, urls
from tests.pages.people import confirmed, has_password, logged_in, member_of

pytestmark = pytest.mark.django_db

KEPT = (
    *("auditrecord", "apikey", "apitoken", "firstrun"),
    *("ledgerentry", "ledgertransaction", "ledgeraccount", "price", "usagerecord", "cost"),
)


@pytest.fixture
def admin() -> Iterator[None]:
    """As with DJANGO_ADMIN=true."""
    module = ModuleType("with_admin")
    module.urlpatterns = [*break_glass.urls(), *urls.urlpatterns]  # type: ignore[attr-defined]
    with override_settings(ROOT_URLCONF=module):
        clear_url_caches()
        yield
    clear_url_caches()


@pytest.fixture(autouse=True)
def home(site: Site) -> None:
    """The site answers at the test client's host."""
    SiteDomain.objects.get_or_create(domain="testserver", defaults={"site": site})


@pytest.fixture
def operator(site: Site) -> User:
    return User.objects.create_user("glass@example.com", is_operator=True)


def test_it_is_not_there_by_default(operator: User) -> None:
    assert confirmed(operator).get("/ops/admin/").status_code == 404
    with pytest.raises(NoReverseMatch):
        reverse("admin:index")


def test_nobody_else_finds_it(admin: None, client: Client, acme: Organization) -> None:
    owner = logged_in(member_of(acme, "owner@acme.example"))
    for path in ("/ops/admin/", "/ops/admin/accounts/user/"):
        assert owner.get(path).status_code == 404
        assert client.get(path).headers["Location"].startswith("/accounts/login/")


def test_an_operator_needs_the_second_factor(admin: None, operator: User) -> None:
    with override_settings(STAFF_SECOND_FACTOR="required"):
        assert confirmed(operator).get("/ops/admin/").status_code == 302
        assert confirmed(operator, method="mfa").get("/ops/admin/").status_code == 200


def test_every_table_can_be_looked_at(admin: None, operator: User, acme: Organization) -> None:
    credits.top_up(acme, amount_nanos=1_000_000, reason="r", external_id="glass-1")
    client = confirmed(operator)
    for model in break_glass.site()._registry:
        address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        assert client.get(address).status_code == 200, address


@pytest.mark.parametrize("name", KEPT)
def test_books_prices_and_trail_can_only_be_read(admin: None, name: str) -> None:
    tables = break_glass.site()._registry
    (table,) = (table for model, table in tables.items() if model._meta.model_name == name)
    assert not isinstance(table, break_glass.Changeable)


def test_nothing_is_added_or_deleted(admin: None, operator: User, acme: Organization) -> None:
    client = confirmed(operator)
    assert client.get("/ops/admin/accounts/organization/add/").status_code == 403
    address = f"/ops/admin/accounts/organization/{acme.pk}/delete/"
    assert client.post(address, {"post": "yes"}).status_code == 403


def test_a_change_is_made_and_on_record(admin: None, operator: User, acme: Organization) -> None:
    client = confirmed(operator)
    address = f"/ops/admin/accounts/organization/{acme.pk}/change/"
    form = client.get(address).context["adminform"].form
    sent = {
        name: form[name].value() for name in form.fields if form[name].value() not in (None, "")
    }
    answer = client.post(address, sent | {"name": "Renamed by hand"})
    assert answer.status_code == 302, answer.context["errors"]
    acme.refresh_from_db()
    assert acme.name == "Renamed by hand"
    record = AuditRecord.objects.get(action="admin.organization")
    assert (record.actor, record.target_id) == (operator, acme.pk)


def test_no_secret_is_shown(admin: None, operator: User) -> None:
    page = confirmed(operator).get(f"/ops/admin/accounts/user/{operator.pk}/change/")
    assert operator.password not in page.content.decode()


def test_changing_asks_again_who_it_is(admin: None, operator: User, acme: Organization) -> None:
    stale = confirmed(has_password(operator), age_s=3600)
    answer = stale.post(f"/ops/admin/accounts/organization/{acme.pk}/change/", {})
    assert "/reauthenticate/" in answer.headers["Location"]
