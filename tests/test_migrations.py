"""Migrations say what the models say."""

from io import StringIO

import pytest
from django.core.management import call_command


@pytest.mark.django_db
def test_no_model_change_is_without_its_migration() -> None:
    said = StringIO()
    call_command("makemigrations", check=True, dry_run=True, stdout=said)  # raises SystemExit
    assert said.getvalue().strip() == "No changes detected"
