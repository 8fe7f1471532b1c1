"""Every kind of movement that the books know."""

from django.db import migrations, models

KINDS = [
    ("top_up", "Top-up"),
    ("grant", "Grant"),
    ("adjustment", "Adjustment"),
    ("charge", "Usage"),
    ("cost", "Cost"),
    ("refund", "Refund"),
    ("dispute", "Payment dispute"),
    ("dispute_won", "Dispute won"),
    ("redeem_code", "Redeem code"),
    ("write_off", "Write-off"),
]


class Migration(migrations.Migration):
    dependencies = [("billing", "0004_usage_rollups")]
    operations = [
        migrations.AlterField(
            model_name="ledgertransaction",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=12),
        ),
    ]
