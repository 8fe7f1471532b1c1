"""UsageRecords by month: a year of Calls is dropped in an instant, and today's stay in memory.

The table is made anew, filled from the old one, and takes its name and its indexes' names.
"""

import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
ALTER TABLE billing_usagerecord RENAME TO billing_usagerecord_before;
CREATE TABLE billing_usagerecord
  (LIKE billing_usagerecord_before INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS)
  PARTITION BY RANGE (admitted_at);
-- For what comes before its month was made, or with a clock gone wrong: nothing is ever refused.
CREATE TABLE billing_usagerecord_default PARTITION OF billing_usagerecord DEFAULT;

-- Makes a month's partition, with the rows that came before it; false when it is there already.
-- It runs as the owner of the tables, because the application's own role may not make any.
CREATE FUNCTION billing_make_usage_month(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  first timestamptz := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
  after timestamptz := (date_trunc('month', month::timestamp) + interval '1 month')
    AT TIME ZONE 'UTC';
  name text := 'billing_usagerecord_' || to_char(month, 'YYYYMM');
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('billing_usage_months'));
  IF to_regclass(name) IS NOT NULL THEN
    RETURN false;
  END IF;
  LOCK TABLE billing_usagerecord_default IN ACCESS EXCLUSIVE MODE;
  EXECUTE format('CREATE TABLE %I (LIKE billing_usagerecord INCLUDING DEFAULTS'
    ' INCLUDING CONSTRAINTS INCLUDING COMMENTS)', name);
  EXECUTE format('WITH moved AS (DELETE FROM billing_usagerecord_default'
    ' WHERE admitted_at >= %L AND admitted_at < %L RETURNING *)'
    ' INSERT INTO %I SELECT * FROM moved', first, after, name);
  EXECUTE format('ALTER TABLE billing_usagerecord ATTACH PARTITION %I'
    ' FOR VALUES FROM (%L) TO (%L)', name, first, after);
  RETURN true;
END $$;

INSERT INTO billing_usagerecord SELECT * FROM billing_usagerecord_before;
SELECT billing_make_usage_month(month::date)
  FROM (SELECT DISTINCT date_trunc('month', admitted_at AT TIME ZONE 'UTC') AS month
    FROM billing_usagerecord_before
    UNION SELECT generate_series(
      date_trunc('month', now() AT TIME ZONE 'UTC') - interval '1 month',
      date_trunc('month', now() AT TIME ZONE 'UTC') + interval '3 months',
      interval '1 month')) AS needed;
DROP TABLE billing_usagerecord_before;

ALTER TABLE billing_usagerecord
  ADD PRIMARY KEY (request_id, admitted_at),
  ADD CONSTRAINT billing_usagerecord_organization FOREIGN KEY (organization_id)
    REFERENCES accounts_organization (id),
  ADD CONSTRAINT billing_usagerecord_ledger_transaction FOREIGN KEY (ledger_transaction_id)
    REFERENCES billing_ledgertransaction (id);
CREATE INDEX billing_usa_organiz_48fea9_idx
  ON billing_usagerecord (organization_id, admitted_at DESC, request_id DESC);
CREATE INDEX billing_usa_admitte_ee8736_idx ON billing_usagerecord (admitted_at DESC);
CREATE INDEX billing_usagerecord_ledger_transaction_id
  ON billing_usagerecord (ledger_transaction_id);
"""

BACKWARD = """
ALTER TABLE billing_usagerecord RENAME TO billing_usagerecord_months;
CREATE TABLE billing_usagerecord
  (LIKE billing_usagerecord_months INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMMENTS);
INSERT INTO billing_usagerecord SELECT * FROM billing_usagerecord_months;
DROP TABLE billing_usagerecord_months;
DROP FUNCTION billing_make_usage_month;
ALTER TABLE billing_usagerecord
  ADD PRIMARY KEY (request_id),
  ADD FOREIGN KEY (site_id) REFERENCES accounts_site (id) DEFERRABLE INITIALLY DEFERRED,
  ADD FOREIGN KEY (organization_id) REFERENCES accounts_organization (id)
    DEFERRABLE INITIALLY DEFERRED,
  ADD FOREIGN KEY (api_key_id) REFERENCES accounts_apikey (id) DEFERRABLE INITIALLY DEFERRED,
  ADD FOREIGN KEY (price_id) REFERENCES billing_price (id) DEFERRABLE INITIALLY DEFERRED,
  ADD FOREIGN KEY (ledger_transaction_id) REFERENCES billing_ledgertransaction (id)
    DEFERRABLE INITIALLY DEFERRED;
CREATE INDEX billing_usa_organiz_48fea9_idx
  ON billing_usagerecord (organization_id, admitted_at DESC, request_id DESC);
CREATE INDEX billing_usa_admitte_ee8736_idx ON billing_usagerecord (admitted_at DESC);
CREATE INDEX billing_usagerecord_ledger_transaction_id
  ON billing_usagerecord (ledger_transaction_id);
"""


def reference(to, on_delete=django.db.models.deletion.PROTECT, **options):
    return models.ForeignKey(db_index=False, on_delete=on_delete, related_name="+", to=to, **options)


def altered(name, field):
    return migrations.AlterField(model_name="usagerecord", name=name, field=field)


class Migration(migrations.Migration):
    dependencies = [("billing", "0002_ledger_guards")]
    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(FORWARD, BACKWARD)],
            state_operations=[
                altered("site", reference("accounts.site", db_constraint=False)),
                altered("organization", reference("accounts.organization")),
                altered(
                    "api_key",
                    reference(
                        "accounts.apikey",
                        django.db.models.deletion.SET_NULL,
                        db_constraint=False,
                        null=True,
                    ),
                ),
                altered("price", reference("billing.price", db_constraint=False, null=True)),
            ],
        )
    ]
