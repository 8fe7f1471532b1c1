"""How the worker's tasks fare."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("billing", "0116_cancelled_prices")]
    operations = [
        migrations.CreateModel(
            name="TaskFailure",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("task", models.CharField(max_length=100)),
                ("at", models.DateTimeField()),
                ("duration_ms", models.PositiveIntegerField()),
                ("error", models.CharField(db_comment="its class and message", max_length=300)),
                (
                    "trace",
                    models.TextField(
                        db_comment="file, line and function of the innermost calls"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TaskRun",
            fields=[
                (
                    "task",
                    models.CharField(
                        db_comment="its name in Celery",
                        max_length=100,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("ended_at", models.DateTimeField()),
                ("duration_ms", models.PositiveIntegerField(db_comment="of the last run")),
                ("is_ok", models.BooleanField()),
                ("runs", models.PositiveBigIntegerField(default=0)),
                ("failures", models.PositiveBigIntegerField(default=0)),
            ],
        ),
    ]
