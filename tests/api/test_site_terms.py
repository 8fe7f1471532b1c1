"""A site's program sets trial credit and error contract; operators its plan and currency."""

from accounts.models import Organization, Site
from billing.models import Plan
from tests.api.programs import Program, document, problem


def test_trial_credit_is_the_site_s_and_the_plan_the_operators(
    keepers: Program, operators: Program, site: Site
) -> None:
    terms = {"trial_credit_nanos": "1000000000"}
    assert document(keepers.put("site/terms", terms)) == terms | {"plan": "default"}
    Plan.objects.create(pk="big")
    path = f"ops/sites/{site.pk}/plan"
    assert document(operators.put(path, {"plan": "big"}))["plan"] == "big"
    assert problem(operators.put(path, {"plan": "none"})) == (422, "refused")


def test_a_currency_is_fixed_once_there_is_a_customer(
    operators: Program, keepers: Program, site: Site, other_site: Site, acme: Organization
) -> None:
    refused = operators.patch(f"ops/sites/{site.pk}", {"currency": "CNY"})
    assert problem(refused) == (422, "refused")
    assert problem(keepers.patch("site", {"currency": "CNY"})) == (400, "invalid_request")
    told = document(operators.patch(f"ops/sites/{other_site.pk}", {"currency": "EUR"}))
    assert told["currency"] == "EUR"


def test_an_error_is_reworded_and_taken_back(keepers: Program) -> None:
    own = {"status": 403, "code": "no_money", "message": {"en": "Top up."}}
    told = document(keepers.put("site/errors/NO_CREDIT", own))
    assert (told["status"], told["code"], told["message"]) == (403, "no_money", "Top up.")
    listed = {each["cause"]: each for each in document(keepers.get("site/errors"))["items"]}
    assert listed["NO_CREDIT"] == told
    assert keepers.delete("site/errors/NO_CREDIT").status_code == 204
    wrong = keepers.put("site/errors/NO_CREDIT", {"status": 500})
    assert problem(wrong) == (422, "refused")
    assert problem(keepers.put("site/errors/NO_SUCH", {}))[0] == 404


def test_a_spent_balance_has_a_status_of_its_own(keepers: Program) -> None:
    told = document(keepers.patch("site/errors", {"no_credit_status": 429}))
    assert told["no_credit_status"] == 429
    assert {each["status"] for each in told["items"] if each["cause"] == "NO_CREDIT"} == {429}
    assert problem(keepers.patch("site/errors", {"preset": "none"})) == (422, "refused")
