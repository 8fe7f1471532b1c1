"""Batches of redeem codes get an id in the catalog file, and keep what their codes begin with."""

import django.core.validators
from django.db import migrations, models

import billing.models.redeem_codes

# Those that are there already are told by their number.
NAME_THE_OLD = "UPDATE billing_redeembatch SET slug = 'codes-' || id"


class Migration(migrations.Migration):
    dependencies = [("billing", "0140_passed_over")]
    operations = [
        migrations.AddField(
            model_name="redeembatch",
            name="prefix",
            field=models.CharField(
                blank=True, db_comment="begins each code", default="", max_length=8
            ),
        ),
        migrations.AddField(
            model_name="redeembatch",
            name="slug",
            field=models.CharField(max_length=40, default="", db_comment="unset"),
            preserve_default=False,
        ),
        migrations.RunSQL(NAME_THE_OLD, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="redeembatch",
            name="slug",
            field=models.CharField(
                db_comment="its id in the catalog file, one of its site's",
                default=billing.models.redeem_codes.new_batch_slug,
                max_length=40,
                validators=[
                    django.core.validators.RegexValidator(
                        "^[a-z0-9][a-z0-9-]{0,39}$", "lower-case letters, digits and dashes"
                    )
                ],
            ),
        ),
        migrations.AddConstraint(
            model_name="redeembatch",
            constraint=models.UniqueConstraint(
                fields=("site", "slug"), name="redeem_batch_slug_once"
            ),
        ),
    ]
