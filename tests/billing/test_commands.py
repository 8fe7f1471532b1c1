"""The commands for scripts: one JSON object on standard output, or a reason and exit code 1."""

import json
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from redis import Redis

from accounts.api_keys import hash_secret
from accounts.models import ApiKey, AuditRecord, Membership, Organization, Site, User
from billing import connections, ledger
from billing.models import OrganizationPlan, Plan
from tests.factories import billing
from tests.factories.billing import UNIT

pytestmark = pytest.mark.django_db


def run(command: str, *arguments: str) -> dict[str, Any]:
    out = StringIO()
    call_command(command, *arguments, stdout=out)
    text = out.getvalue()
    assert text.count("\n") == 1
    answer: dict[str, Any] = json.loads(text)
    return answer


def test_create_organization_makes_it_with_its_owner_and_plan(site: Site) -> None:
    Plan.objects.create(id="gold")
    arguments = ("--site", site.pk, "--name", "Initech", "--email", "Bill@Example.com")
    answer = run("create_organization", *arguments, "--plan", "gold")
    organization = Organization.objects.get(pk=answer["id"])
    membership = Membership.objects.get(organization=organization)
    assert (membership.user.email, membership.role) == ("bill@example.com", "owner")
    assert OrganizationPlan.objects.get(organization=organization).plan_id == "gold"
    again = run("create_organization", *arguments)
    assert (again["id"], again["created"]) == (answer["id"], False)
    assert User.objects.count() == 1


def test_without_an_owner_every_run_makes_another_organization(site: Site) -> None:
    first, second = (
        run("create_organization", "--site", site.pk, "--name", "Initech") for _ in range(2)
    )
    assert first["id"] != second["id"]


def test_create_key_prints_the_secret_that_is_stored_as_a_hash_only(acme: Organization) -> None:
    billing.model("small")
    answer = run(
        *("create_key", "--organization", acme.pk, "--name", "ci", "--models", "small"),
        *("--requests-per-minute", "60", "--budget", "5.00", "--budget-period", "day"),
        *("--expires", "2999-12-31T00:00:00Z"),
        *("--endpoints", "chat,embeddings", "--networks", "203.0.113.7,2001:db8::/32"),
    )
    key = ApiKey.objects.get(pk=answer["id"])
    assert bytes(key.secret_hash) == hash_secret(answer["secret"])
    assert (key.name, key.allowed_models, key.requests_per_minute) == ("ci", ["small"], 60)
    assert (key.budget_nanos, key.budget_period) == (5 * UNIT, "day")
    assert key.allowed_endpoints == ["chat", "embeddings"]
    assert key.allowed_networks == ["203.0.113.7/32", "2001:db8::/32"]
    assert AuditRecord.objects.get(target_id=key.pk).actor_name == "manage.py create_key"


def test_credit_is_idempotent_by_its_external_id(gate: Redis, zero: Organization) -> None:
    arguments = ("--organization", zero.pk, "--amount", "5.00", "--reason", "paid")
    first = run("credit", *arguments, "--external-id", "x")
    again = run("credit", *arguments, "--external-id", "x")
    assert first["amount_nanos"] == 5 * UNIT
    assert (again["id"], again["created"]) == (first["id"], False)
    assert ledger.balance_nanos(zero.pk) == 5 * UNIT
    run("credit", *arguments)
    run("credit", *arguments)
    assert ledger.balance_nanos(zero.pk) == 15 * UNIT


def test_balance_tells_what_the_gate_says(gate: Redis, acme: Organization) -> None:
    figures = {"posted_nanos": 100 * UNIT, "held_nanos": 0, "available_nanos": 100 * UNIT}
    answer = run("balance", "--organization", acme.pk)
    assert answer == {"id": acme.pk, "currency": "USD", "is_live": True, **figures}
    connections.steward().close(acme.site_id)
    assert run("balance", "--organization", acme.pk)["is_live"] is False


def test_audit_tells_whether_the_books_are_sound(
    gate: Redis, acme: Organization, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("audit", "--json")["ok"] is True
    call_command("audit")
    assert "BROKEN" not in capsys.readouterr().out
    connections.steward().close(acme.site_id)
    out = StringIO()
    with pytest.raises(SystemExit, match="1"):
        call_command("audit", "--json", stdout=out)
    assert json.loads(out.getvalue())["ok"] is False


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("create_organization", "--site", "nowhere", "--name", "x"), "no site 'nowhere'"),
        (("create_organization", "--site", "acme-ai", "--name", " "), "--name"),
        (("create_organization", "--site", "acme-ai", "--name", "x", "--email", "x"), "e-mail"),
        (("create_organization", "--site", "acme-ai", "--name", "x", "--plan", "p"), "no plan"),
        (("create_key", "--organization", "org_x"), "no organization 'org_x'"),
        (("create_key", "--organization", "org_zero", "--budget", "1"), "go together"),
        (("create_key", "--organization", "org_zero", "--models", "gpt-9"), "no model gpt-9"),
        (("create_key", "--organization", "org_zero", "--expires", "soon"), "--expires"),
        (("create_key", "--organization", "org_zero", "--expires", "2999-01-01"), "offset"),
        (("create_key", "--organization", "org_zero", "--expires", "2020-01-01T00:00Z"), "passed"),
        (("create_key", "--organization", "org_zero", "--concurrency", "-1"), "--concurrency"),
        (("create_key", "--organization", "org_zero", "--endpoints", "chat,fax"), "fax"),
        (("create_key", "--organization", "org_zero", "--networks", "everywhere"), "--networks"),
        (("credit", "--organization", "org_zero", "--amount", "-1", "--reason", "x"), "more than"),
        (("credit", "--organization", "org_zero", "--amount", "1e3", "--reason", "x"), "decimal"),
        (("balance", "--organization", "org_x"), "no organization"),
    ],
)
def test_nonsense_is_refused_with_the_reason(
    zero: Organization, arguments: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(CommandError, match=reason):
        run(*arguments)
    assert not ApiKey.objects.exists()
    assert Organization.objects.count() == 1
