"""Staff's programs read their site's accounts and ledger, operators' those of every site."""

from redis import Redis

from accounts.models import Organization, Site
from billing import credits
from tests.api.programs import Program, document, problem
from tests.factories.billing import UNIT


def test_accounts_sum_to_zero_with_the_customers(
    acme: Organization, other_site: Site, keepers: Program, operators: Program
) -> None:
    told = document(keepers.get("site/money"))
    assert told["site"] == acme.site_id
    held = int(told["customers_nanos"])
    assert held > 0
    assert held + sum(int(nanos) for nanos in told["accounts"].values()) == 0
    assert (told["debtors"], told["owed_nanos"]) == (0, "0")
    first = document(operators.get("ops/money", limit=1))
    second = document(operators.get("ops/money", limit=1, cursor=first["next_cursor"]))
    sites = [page["items"][0]["site"] for page in (first, second)]
    assert sites == sorted([acme.site_id, other_site.pk])


def test_the_ledger_has_every_entry_page_by_page(
    gate: Redis, acme: Organization, keepers: Program, operators: Program
) -> None:
    booked = credits.top_up(acme, amount_nanos=7 * UNIT, reason="paid", external_id="wire-7")
    first = document(keepers.get("site/ledger", limit=1))
    (newest,) = first["items"]
    assert (newest["kind"], newest["reason"], newest["external_id"]) == ("top_up", "paid", "wire-7")
    amounts = {each["account"]: int(each["amount_nanos"]) for each in newest["entries"]}
    assert amounts == {"organization": 7 * UNIT, "clearing": -7 * UNIT}
    assert acme.pk in {each["organization"] for each in newest["entries"]}
    second = document(keepers.get("site/ledger", limit=1, cursor=first["next_cursor"]))
    assert second["items"][0]["id"] < newest["id"]
    path = f"ops/sites/{acme.site_id}/ledger"
    assert document(operators.get(path, limit=1)) == first
    until = newest["created_at"]
    earlier = document(operators.get(path, until=until))["items"]
    assert newest["id"] not in [each["id"] for each in earlier]
    assert newest in document(operators.get(path, since=until))["items"]
    assert booked.transaction_id == newest["id"]


def test_a_site_that_is_not_there_is_404(operators: Program) -> None:
    assert problem(operators.get("ops/sites/nowhere/ledger")) == (404, "not_found")
