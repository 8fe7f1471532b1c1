"""Several credentials per upstream, a cap on its calls, and further names of models."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

CREATE_TRIGGER = """
CREATE TRIGGER tollgate_changes AFTER INSERT OR UPDATE OR DELETE ON relay_modelalias
    FOR EACH STATEMENT EXECUTE FUNCTION tollgate_notify_catalog();
"""
# The secret moves as it is: its encryption is the same. `bytea` holds the token's ASCII.
MOVE = """
UPDATE relay_upstream SET credentials = jsonb_build_array(jsonb_build_object(
    'id', substr(md5(id), 1, 8),
    'label', '',
    'added_at', to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"'),
    'secret', convert_from(credential_encrypted, 'UTF8')
)) WHERE length(credential_encrypted) > 0;
"""
MOVE_BACK = """
UPDATE relay_upstream SET credential_encrypted = convert_to(credentials -> 0 ->> 'secret', 'UTF8')
    WHERE jsonb_array_length(credentials) > 0;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("relay", "0060_upstream_objects"),
        ("accounts", "0001_initial"),
        ("billing", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="upstream",
            name="credentials",
            field=models.JSONField(
                default=list,
                editable=False,
                db_comment="in turn: id, label, added_at, and the secret, encrypted",
            ),
        ),
        migrations.AddField(
            model_name="upstream",
            name="concurrency_max",
            field=models.PositiveIntegerField(
                blank=True,
                null=True,
                db_comment="tries under way at once, over all relays; null: no cap",
            ),
        ),
        migrations.RunSQL(MOVE, MOVE_BACK),
        # A table with deferred checks pending can't be altered in the same transaction.
        migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE", migrations.RunSQL.noop),
        migrations.RemoveField(model_name="upstream", name="credential_encrypted"),
        migrations.CreateModel(
            name="ModelAlias",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "alias",
                    models.CharField(
                        max_length=200,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Za-z0-9][A-Za-z0-9._:/+@-]{0,199}$",
                                "letters, digits, . _ : / + @ -",
                            )
                        ],
                    ),
                ),
                (
                    "model",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="aliases",
                        to="billing.model",
                    ),
                ),
                (
                    "site",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="model_aliases",
                        to="accounts.site",
                    ),
                ),
            ],
            options={"ordering": ["alias"]},
        ),
        migrations.AddConstraint(
            model_name="modelalias",
            constraint=models.UniqueConstraint(
                fields=("alias", "site"), name="alias_once", nulls_distinct=False
            ),
        ),
        migrations.RunSQL(CREATE_TRIGGER, "DROP TRIGGER tollgate_changes ON relay_modelalias"),
    ]
