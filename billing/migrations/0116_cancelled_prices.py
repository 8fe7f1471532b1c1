"""A version of a price that has not begun can be taken back; its instant is free again."""

from django.db import migrations, models

ONCE = {
    "fields": ["model", "site", "organization", "effective_from"],
    "nulls_distinct": False,
    "name": "price_version_once",
}


class Migration(migrations.Migration):
    dependencies = [("billing", "0115_calls_for_staff")]
    operations = [
        migrations.AddField(
            model_name="price",
            name="cancelled_at",
            field=models.DateTimeField(
                blank=True,
                db_comment="taken back before it began: it never charged anything",
                null=True,
            ),
        ),
        migrations.RemoveConstraint(model_name="price", name="price_version_once"),
        migrations.AddConstraint(
            model_name="price",
            constraint=models.UniqueConstraint(condition=models.Q(cancelled_at=None), **ONCE),
        ),
    ]
