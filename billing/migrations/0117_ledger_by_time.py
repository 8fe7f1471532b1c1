"""An index for the ledger of a period."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0122_usage_days_unchecked")]
    operations = [
        migrations.AddIndex(
            model_name="ledgertransaction",
            index=models.Index(fields=["site", "created_at"], name="ledger_by_site_and_time"),
        ),
    ]
