"""A site's own error contract and CORS origins; the status of a spent balance becomes optional."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_organization_is_frozen")]
    operations = [
        migrations.AddField(
            model_name="site",
            name="error_overrides",
            field=models.JSONField(
                blank=True,
                db_comment="what differs from the preset, by cause: status, type, code, message",
                default=dict,
            ),
        ),
        migrations.AddField(
            model_name="site",
            name="cors_origins",
            field=models.JSONField(
                blank=True,
                db_comment="list of origins that browsers may call from; null: as the preset says",
                null=True,
            ),
        ),
        migrations.AlterField(
            model_name="site",
            name="no_credit_status",
            field=models.PositiveSmallIntegerField(
                blank=True,
                choices=[(402, "Payment Required"), (403, "Forbidden"), (429, "Too Many Requests")],
                db_comment="of a call that balance or budget cannot cover; null: as the preset says",
                null=True,
            ),
        ),
    ]
