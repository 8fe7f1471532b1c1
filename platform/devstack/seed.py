"""What a fresh stack holds: the catalog, an operator, a customer with balance and key.

Run as `python -m devstack.seed STATE_DIR` against the servers of that folder. Idempotent: goes
through the public commands, and keeps what an earlier start has made.
"""

import contextlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any

import django
from django.core.management import call_command

from devstack.catalog import SITE_ID
from devstack.state import read_json, write_private

OPERATOR_EMAIL = "operator@example.com"
CUSTOMER_EMAIL = "demo@example.com"
CUSTOMER_NAME = "Demo Customer"
KEY_NAME = "make run"
OPENING_BALANCE = "5.00"
CREDIT_ID = "dev-seed"  # the ledger refuses a second credit with it: one opening balance for ever


def main(directory: Path) -> None:
    """Apply the catalog, and make sure of both logins, the balance and the key."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    django.setup()
    # Like every import of an app below: models exist only after the set-up.
    from billing import gates

    _run("catalog", "apply", str(directory / "catalog.yaml"))
    # Now and not at the worker's next tick, so that the first call after the start is admitted.
    gates.open_gates()
    passwords = read_json(directory / "secrets.json")
    _ensure_operator(str(passwords["operator_password"]))
    organization_id = _ensure_customer(str(passwords["customer_password"]))
    _run(
        *("credit", "--organization", organization_id, "--amount", OPENING_BALANCE),
        *("--reason", "Opening balance of make run", "--external-id", CREDIT_ID),
    )
    seed_file = directory / "seed.json"
    secret = str(read_json(seed_file).get("api_key", ""))
    if not _is_usable(secret, organization_id):
        key = _run("create_key", "--organization", organization_id, "--name", KEY_NAME)
        secret = str(key["secret"])
    write_private(seed_file, json.dumps({"organization": organization_id, "api_key": secret}))


def _run(*arguments: str) -> dict[str, Any]:
    """One of the commands of design section 11, and the JSON object that it prints."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        call_command(*arguments)
    document: dict[str, Any] = json.loads(output.getvalue())
    return document


def _ensure_operator(password: str) -> None:
    from accounts.models import User

    user = User.objects.filter(email=OPERATOR_EMAIL).first()
    if user is None:
        User.objects.create_user(OPERATOR_EMAIL, password, name="Operator", is_operator=True)
    elif not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])


def _ensure_customer(password: str) -> str:
    """The id of the demo organization, whose owner logs in with the password."""
    from accounts.models import Membership, Role, User

    memberships = Membership.objects.filter(
        user__email=CUSTOMER_EMAIL, organization__site_id=SITE_ID, role=Role.OWNER
    )
    membership = memberships.order_by("pk").first()
    if membership is None:
        identity = ("--name", CUSTOMER_NAME, "--email", CUSTOMER_EMAIL)
        organization_id = str(_run("create_organization", "--site", SITE_ID, *identity)["id"])
    else:
        organization_id = membership.organization_id
    user = User.objects.get(email=CUSTOMER_EMAIL)
    if not user.check_password(password):
        user.set_password(password)
        user.save(update_fields=["password"])
    return organization_id


def _is_usable(secret: str, organization_id: str) -> bool:
    """Whether an earlier start's key still works: a developer may have revoked it since."""
    from accounts.api_keys import hash_secret
    from accounts.models import ApiKey

    return ApiKey.objects.filter(
        secret_hash=hash_secret(secret),
        organization_id=organization_id,
        is_active=True,
        revoked_at=None,
        expires_at=None,
    ).exists()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
