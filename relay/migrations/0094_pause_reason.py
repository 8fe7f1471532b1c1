"""Since when, and why, an upstream is paused."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("relay", "0070_key_notices")]

    operations = [
        migrations.AddField(
            model_name="upstream",
            name="paused_at",
            field=models.DateTimeField(
                blank=True, db_comment="null while it takes calls", editable=False, null=True
            ),
        ),
        migrations.AddField(
            model_name="upstream",
            name="pause_reason",
            field=models.CharField(blank=True, editable=False, max_length=500),
        ),
    ]
