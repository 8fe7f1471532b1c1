"""Costs as versions; relays hear of them and of what plans adjust."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.utils import timezone

NOTICES = "\n".join(
    f"CREATE TRIGGER tollgate_changes AFTER INSERT OR UPDATE OR DELETE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION tollgate_notify_catalog();"
    for table in ("relay_cost", "billing_planadjustment")
)
NO_NOTICES = "\n".join(
    f"DROP TRIGGER tollgate_changes ON {table};"
    for table in ("relay_cost", "billing_planadjustment")
)


def first_versions(apps, schema_editor):
    """What a Route costs is its first version, from when that is not known: from now on."""
    now = timezone.now()
    Cost = apps.get_model("relay", "Cost")
    Cost.objects.bulk_create(
        Cost(
            model=route.model_id,
            upstream=route.upstream_id,
            name=route.name,
            components=route.cost,
            effective_from=now,
        )
        for route in apps.get_model("relay", "Route").objects.exclude(cost={})
    )


class Migration(migrations.Migration):
    dependencies = [
        ("relay", "0010_frozen_notices"),
        ("billing", "0021_price_scopes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Cost",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("model", models.CharField(max_length=200)),
                ("upstream", models.CharField(max_length=40)),
                (
                    "name",
                    models.CharField(db_comment="the upstream's own model name", max_length=200),
                ),
                (
                    "components",
                    models.JSONField(
                        db_comment="integers of nanos, as billing.price_versions tells; "
                        "empty: not known"
                    ),
                ),
                ("effective_from", models.DateTimeField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=["model", "upstream", "name", "effective_from"],
                        name="cost_version_once",
                    )
                ],
            },
        ),
        migrations.RunPython(first_versions, migrations.RunPython.noop),
        migrations.RemoveField(model_name="route", name="cost"),
        migrations.RunSQL(NOTICES, NO_NOTICES),
    ]
