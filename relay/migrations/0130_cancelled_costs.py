"""A cost that has not begun can be taken back; its instant is free again."""

from django.db import migrations, models

ONCE = {"fields": ["model", "upstream", "name", "effective_from"], "name": "cost_version_once"}


class Migration(migrations.Migration):
    dependencies = [("relay", "0095_site_model_notices")]
    operations = [
        migrations.AddField(
            model_name="cost",
            name="cancelled_at",
            field=models.DateTimeField(
                blank=True,
                db_comment="taken back before it began: it never charged anything",
                null=True,
            ),
        ),
        migrations.RemoveConstraint(model_name="cost", name="cost_version_once"),
        migrations.AddConstraint(
            model_name="cost",
            constraint=models.UniqueConstraint(condition=models.Q(cancelled_at=None), **ONCE),
        ),
    ]
