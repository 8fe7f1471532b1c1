"""402 was both the default and what the one preset says: such sites follow their preset now."""

from typing import Any

from django.db import migrations

DEFAULT_STATUS = 402


def follow_preset(apps: Any, schema_editor: Any) -> None:
    """Every site answers a spent balance as it did before."""
    sites = apps.get_model("accounts", "Site").objects
    sites.filter(preset="openai", no_credit_status=DEFAULT_STATUS).update(no_credit_status=None)


def name_status(apps: Any, schema_editor: Any) -> None:
    """Back: a status for every site."""
    sites = apps.get_model("accounts", "Site").objects
    sites.filter(no_credit_status=None).update(no_credit_status=DEFAULT_STATUS)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0040_error_contract")]
    operations = [migrations.RunPython(follow_preset, name_status)]
