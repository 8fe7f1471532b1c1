"""An upgrade changes no answer: sites with a status of their own keep it."""

from importlib import import_module

import pytest
from django.apps import apps

from accounts.models import Site

MIGRATION = import_module("accounts.migrations.0041_no_credit_as_preset")


@pytest.mark.django_db
def test_sites_answer_a_spent_balance_as_before_the_upgrade() -> None:
    for status in (402, 403, 429):
        Site.objects.create(pk=f"s{status}", name="S", no_credit_status=status)
    MIGRATION.follow_preset(apps, None)
    statuses = dict(Site.objects.values_list("pk", "no_credit_status"))
    assert statuses == {"s402": None, "s403": 403, "s429": 429}
    MIGRATION.name_status(apps, None)
    assert Site.objects.get(pk="s402").no_credit_status == 402
