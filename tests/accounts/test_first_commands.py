"""Where there is no browser: the first operator and the first token by command."""

import io
import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import ApiToken, AuditRecord, Site, User

pytestmark = pytest.mark.django_db

EMAIL = "op@example.com"


def run(*arguments: str) -> dict[str, Any]:
    output = io.StringIO()
    call_command(*arguments, stdout=output)
    document: dict[str, Any] = json.loads(output.getvalue())
    return document


def test_an_operator_is_made_once_with_a_login_without_password() -> None:
    made = run("create_operator", "--email", "Op@Example.com")
    assert (made["email"], made["created"]) == (EMAIL, True)
    assert not run("create_operator", "--email", EMAIL)["created"]
    user = User.objects.get()
    assert user.is_operator
    assert not user.has_usable_password()
    assert AuditRecord.objects.filter(action="operator.make").count() == 1


def test_who_has_a_login_becomes_an_operator_by_it() -> None:
    user = User.objects.create_user(EMAIL)
    assert run("create_operator", "--email", EMAIL)["id"] == user.pk


def test_no_wizard_waits_once_there_is_one() -> None:
    run("create_operator", "--email", EMAIL)
    with pytest.raises(CommandError, match="operator already"):
        call_command("setup_token")


def test_a_token_is_somebodys_and_its_secret_told_once(site: Site) -> None:
    run("create_operator", "--email", EMAIL)
    made = run("create_token", "--email", EMAIL, "--scopes", "ops:read")
    token = ApiToken.objects.get()
    assert (token.pk, token.scopes, token.site) == (made["id"], ["ops:read"], None)
    assert made["secret"].startswith("tgs_")
    own = run("create_token", "--email", EMAIL, "--kind", "personal", "--site", site.pk)
    assert own["secret"].startswith("tgp_")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--email", "nobody@example.com"),
        ("--email", "customer@example.com"),
        ("--email", EMAIL, "--kind", "personal"),
        ("--email", EMAIL, "--scopes", "everything"),
        ("--email", EMAIL, "--days", "4000"),
    ],
)
def test_no_token_is_made_that_would_not_open(arguments: tuple[str, ...]) -> None:
    User.objects.create_user("customer@example.com")
    run("create_operator", "--email", EMAIL)
    with pytest.raises(CommandError):
        call_command("create_token", *arguments)
    assert not ApiToken.objects.exists()
