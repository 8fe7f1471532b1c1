"""A flag for organizations whose figures disagree."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="organization",
            name="is_frozen",
            field=models.BooleanField(
                db_comment="its figures differ (billing.freezes): calls get 403", default=False
            ),
        ),
    ]
