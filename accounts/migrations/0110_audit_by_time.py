"""An index for the days that a reader of the trail asks for."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0100_customer_notes")]
    operations = [
        migrations.AddIndex(
            model_name="auditrecord",
            index=models.Index(fields=["at"], name="audit_by_time"),
        ),
    ]
