"""Tables as posting writes them: no check that cannot fail, and room beside rows that it updates.

A record's ledger transaction is made by the same database transaction and can never be deleted (the
ledger is append-only); its organization is named by the sums, which it always comes with and which
keep their foreign key. Asking again for each record was a fifth of what it costs to write one.

A sum, a balance and a key's last use are updated many times for each time they are made. With room
on their page Postgres puts the new version there and leaves the indexes alone.
"""

import django.db.models.deletion
from django.db import migrations, models

UPDATED = ("billing_usagerollup", "billing_ledgeraccount", "accounts_apikey")

FORWARD = "ALTER TABLE billing_usagerecord" + (
    " DROP CONSTRAINT billing_usagerecord_organization,"
    " DROP CONSTRAINT billing_usagerecord_ledger_transaction;"
) + "".join(f"ALTER TABLE {table} SET (fillfactor = 50);" for table in UPDATED)

BACKWARD = """
ALTER TABLE billing_usagerecord
  ADD CONSTRAINT billing_usagerecord_organization FOREIGN KEY (organization_id)
    REFERENCES accounts_organization (id),
  ADD CONSTRAINT billing_usagerecord_ledger_transaction FOREIGN KEY (ledger_transaction_id)
    REFERENCES billing_ledgertransaction (id);
""" + "".join(f"ALTER TABLE {table} RESET (fillfactor);" for table in UPDATED)


def reference(to, **options):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT,
        related_name="+",
        to=to,
        db_constraint=False,
        **options,
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0010_organization_is_frozen"), ("billing", "0021_price_scopes")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FORWARD, BACKWARD)],
            state_operations=[
                migrations.AlterField(
                    "usagerecord",
                    "organization",
                    reference("accounts.organization", db_index=False),
                ),
                migrations.AlterField(
                    "usagerecord",
                    "ledger_transaction",
                    reference("billing.ledgertransaction", null=True),
                ),
            ],
        )
    ]
