"""An adjustment that has not begun can be taken back; its instant is free again."""

from django.db import migrations, models

ONCE = {
    "fields": ["plan", "model", "effective_from"],
    "nulls_distinct": False,
    "name": "plan_adjustment_once",
}


class Migration(migrations.Migration):
    dependencies = [("billing", "0160_move_days_alone")]
    operations = [
        migrations.AddField(
            model_name="planadjustment",
            name="cancelled_at",
            field=models.DateTimeField(
                blank=True,
                db_comment="taken back before it began: it never charged anything",
                null=True,
            ),
        ),
        migrations.RemoveConstraint(model_name="planadjustment", name="plan_adjustment_once"),
        migrations.AddConstraint(
            model_name="planadjustment",
            constraint=models.UniqueConstraint(condition=models.Q(cancelled_at=None), **ONCE),
        ),
    ]
