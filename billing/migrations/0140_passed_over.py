"""Why a Call was not tried on routes that came before: null for the ordinary one. Touches no row."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0117_ledger_by_time")]
    operations = [
        migrations.AddField(
            model_name="usagerecord",
            name="passed",
            field=models.JSONField(
                db_comment="[[upstream, reason]] of routes that were passed over; null: none",
                null=True,
            ),
        ),
    ]
