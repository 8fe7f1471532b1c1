"""Sums by quarter of an hour, and what is left of a month whose records are dropped."""

import django.db.models.deletion
from django.db import migrations, models

FORWARD = """
-- Calls from before there were sums.
INSERT INTO billing_usagerollup (start, site_id, organization_id, api_key, model, upstream, status,
  calls, errors, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens, charge_nanos,
  written_off_nanos, cost_nanos)
SELECT date_bin('15 minutes', admitted_at, 'epoch'), site_id, organization_id,
  COALESCE(api_key_id, ''), model, upstream, status, count(*),
  count(*) FILTER (WHERE status < 200 OR status >= 400), sum(input_tokens),
  sum(cached_input_tokens), sum(output_tokens), sum(reasoning_tokens), sum(charge_nanos),
  sum(written_off_nanos), sum(cost_nanos)
FROM billing_usagerecord GROUP BY 1, 2, 3, 4, 5, 6, 7;

-- Drops a month's records for good, and notes what they came to; false when there are none to drop.
-- Refused unless the month is long over and its sums are those of its records. It runs as the owner
-- of the tables, because the application's own role may not drop any.
CREATE FUNCTION billing_drop_usage_month(month date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path FROM CURRENT AS $$
DECLARE
  first timestamptz := date_trunc('month', month::timestamp) AT TIME ZONE 'UTC';
  after timestamptz := (date_trunc('month', month::timestamp) + interval '1 month')
    AT TIME ZONE 'UTC';
  name text := 'billing_usagerecord_' || to_char(month, 'YYYYMM');
  wrong text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('billing_usage_months'));
  IF to_regclass(name) IS NULL THEN
    RETURN false;
  END IF;
  IF after > now() - interval '1 month' THEN
    RAISE EXCEPTION 'usage of % is too recent to drop', month
      USING ERRCODE = 'restrict_violation';
  END IF;
  EXECUTE format('ALTER TABLE billing_usagerecord DETACH PARTITION %I', name);
  EXECUTE format('SELECT organization_id FROM (SELECT organization_id, count(*) AS calls,'
    ' sum(charge_nanos) AS nanos FROM %I GROUP BY 1) AS kept FULL JOIN'
    ' (SELECT organization_id, sum(calls) AS calls, sum(charge_nanos) AS nanos'
    ' FROM billing_usagerollup WHERE start >= %L AND start < %L GROUP BY 1 HAVING sum(calls) > 0)'
    ' AS summed USING (organization_id) WHERE (kept.calls, kept.nanos)'
    ' IS DISTINCT FROM (summed.calls, summed.nanos) LIMIT 1', name, first, after) INTO wrong;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION 'usage of % stays: the sums of % are not those of its records', month, wrong
      USING ERRCODE = 'restrict_violation';
  END IF;
  EXECUTE format('INSERT INTO billing_droppedusage'
    ' (organization_id, month, calls, charge_nanos, dropped_at)'
    ' SELECT organization_id, %L, count(*), sum(charge_nanos), now() FROM %I GROUP BY 1',
    date_trunc('month', month::timestamp)::date, name);
  EXECUTE format('DROP TABLE %I', name);
  RETURN true;
END $$;
"""

BACKWARD = "DROP FUNCTION billing_drop_usage_month;"


def amount(**options):
    return models.BigIntegerField(**options)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial"), ("billing", "0003_usage_months")]
    operations = [
        migrations.CreateModel(
            name="DroppedUsage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("month", models.DateField(db_comment="its first day, UTC")),
                ("calls", models.PositiveBigIntegerField()),
                ("charge_nanos", amount()),
                ("dropped_at", models.DateTimeField(auto_now_add=True)),
                (
                    "organization",
                    models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.organization"),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("organization", "month"), name="dropped_usage_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="UsageRollup",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("start", models.DateTimeField(db_comment="of the 15 minutes; every time zone's days fit them")),
                ("api_key", models.CharField(blank=True, db_comment="id; empty: none any more", max_length=40)),
                ("model", models.CharField(max_length=200)),
                ("upstream", models.CharField(blank=True, max_length=40)),
                ("status", models.PositiveSmallIntegerField()),
                ("calls", amount()),
                ("errors", amount(db_comment="calls whose status is not 2xx or 3xx")),
                ("input_tokens", amount()),
                ("cached_input_tokens", amount()),
                ("output_tokens", amount()),
                ("reasoning_tokens", amount()),
                ("charge_nanos", amount()),
                ("written_off_nanos", amount()),
                ("cost_nanos", amount()),
                (
                    "organization",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.organization"),
                ),
                (
                    "site",
                    models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="accounts.site"),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["start"], name="usage_rollup_start")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "start", "api_key", "model", "upstream", "status"),
                        name="usage_rollup_once",
                    )
                ],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
