"""Indexes for the log of calls as staff read it: a site's by time, refusals by time."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0100_redeem_codes")]
    operations = [
        migrations.AddIndex(
            model_name="refusal",
            index=models.Index(fields=["-at", "-id"], name="refusals_by_time"),
        ),
        migrations.AddIndex(
            model_name="usagerecord",
            index=models.Index(
                fields=["site", "-admitted_at", "-request_id"], name="usage_by_site"
            ),
        ),
    ]
