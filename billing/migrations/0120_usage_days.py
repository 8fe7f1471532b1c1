"""Days of usage: what rollups come to by customer and by site, folded some hours after the fact.

The statements are here and not in Python because three things run them: the task that folds, posting
when it is late, and a change of somebody's time zone, after which their days lie elsewhere.
"""

import django.db.models.deletion
from django.db import migrations, models


FORWARD = """
-- A name that this Postgres does not know (any more) is UTC, as it is on pages.
CREATE FUNCTION billing_zone(name text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
  PERFORM now() AT TIME ZONE name;
  RETURN name;
EXCEPTION WHEN invalid_parameter_value THEN
  RETURN 'UTC';
END $$;

-- Both add what a SELECT of rollups, or of changes to some, comes to. In one order everywhere, so
-- that nobody deadlocks.
CREATE FUNCTION billing_add_usage_days(facts text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE 'WITH fact AS MATERIALIZED (' || facts || '),
  customer AS MATERIALIZED (SELECT id, billing_zone(time_zone) AS zone FROM accounts_organization
    WHERE id IN (SELECT organization_id FROM fact))
  INSERT INTO billing_usageday AS known (organization_id, day, api_key, model, calls, errors,
    input_tokens, cached_input_tokens, output_tokens, charge_nanos, cost_nanos)
  SELECT organization_id, (start AT TIME ZONE zone)::date, api_key, model, sum(calls), sum(errors),
    sum(input_tokens), sum(cached_input_tokens), sum(output_tokens), sum(charge_nanos), sum(cost_nanos)
  FROM fact JOIN customer ON customer.id = organization_id GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
  ON CONFLICT (organization_id, day, api_key, model) DO UPDATE SET
    calls = known.calls + excluded.calls, errors = known.errors + excluded.errors,
    input_tokens = known.input_tokens + excluded.input_tokens,
    cached_input_tokens = known.cached_input_tokens + excluded.cached_input_tokens,
    output_tokens = known.output_tokens + excluded.output_tokens,
    charge_nanos = known.charge_nanos + excluded.charge_nanos,
    cost_nanos = known.cost_nanos + excluded.cost_nanos';
END $$;

CREATE FUNCTION billing_add_site_days(facts text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  EXECUTE 'WITH fact AS MATERIALIZED (' || facts || '),
  place AS MATERIALIZED (SELECT id, billing_zone(time_zone) AS zone FROM accounts_site)
  INSERT INTO billing_siteday AS known (site_id, day, model, calls, errors, faults, charge_nanos,
    cost_nanos)
  SELECT site_id, (start AT TIME ZONE zone)::date, model, sum(calls), sum(errors),
    COALESCE(sum(calls) FILTER (WHERE status >= 500), 0), sum(charge_nanos), sum(cost_nanos)
  FROM fact JOIN place ON place.id = site_id GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
  ON CONFLICT (site_id, day, model) DO UPDATE SET
    calls = known.calls + excluded.calls, errors = known.errors + excluded.errors,
    faults = known.faults + excluded.faults,
    charge_nanos = known.charge_nanos + excluded.charge_nanos,
    cost_nanos = known.cost_nanos + excluded.cost_nanos';
  EXECUTE 'WITH fact AS MATERIALIZED (' || facts || '),
  place AS MATERIALIZED (SELECT id, billing_zone(time_zone) AS zone FROM accounts_site)
  INSERT INTO billing_customerday AS known (site_id, day, organization_id, calls, charge_nanos,
    cost_nanos)
  SELECT site_id, (start AT TIME ZONE zone)::date, organization_id, sum(calls), sum(charge_nanos),
    sum(cost_nanos)
  FROM fact JOIN place ON place.id = site_id GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
  ON CONFLICT (site_id, day, organization_id) DO UPDATE SET
    calls = known.calls + excluded.calls, charge_nanos = known.charge_nanos + excluded.charge_nanos,
    cost_nanos = known.cost_nanos + excluded.cost_nanos';
END $$;

CREATE FUNCTION billing_move_usage_days() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  upto timestamptz;
BEGIN
  SELECT folded_to INTO upto FROM billing_usagefold FOR SHARE;
  IF upto IS NULL THEN
    RETURN NULL;
  END IF;
  IF TG_TABLE_NAME = 'accounts_organization' THEN
    DELETE FROM billing_usageday WHERE organization_id = NEW.id;
    PERFORM billing_add_usage_days(format(
      'SELECT * FROM billing_usagerollup WHERE organization_id = %L AND start < %L', NEW.id, upto));
  ELSE
    DELETE FROM billing_siteday WHERE site_id = NEW.id;
    DELETE FROM billing_customerday WHERE site_id = NEW.id;
    PERFORM billing_add_site_days(format(
      'SELECT * FROM billing_usagerollup WHERE site_id = %L AND start < %L', NEW.id, upto));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER usage_days AFTER UPDATE OF time_zone ON accounts_organization FOR EACH ROW
  WHEN (OLD.time_zone IS DISTINCT FROM NEW.time_zone) EXECUTE FUNCTION billing_move_usage_days();
CREATE TRIGGER usage_days AFTER UPDATE OF time_zone ON accounts_site FOR EACH ROW
  WHEN (OLD.time_zone IS DISTINCT FROM NEW.time_zone) EXECUTE FUNCTION billing_move_usage_days();
"""

BACKWARD = """
DROP TRIGGER usage_days ON accounts_site;
DROP TRIGGER usage_days ON accounts_organization;
DROP FUNCTION billing_move_usage_days;
DROP FUNCTION billing_add_site_days;
DROP FUNCTION billing_add_usage_days;
DROP FUNCTION billing_zone;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('accounts', '0110_audit_by_time'),
        ('billing', '0117_task_runs'),
    ]

    operations = [
        migrations.CreateModel(
            name='UsageFold',
            fields=[
                ('id', models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ('folded_to', models.DateTimeField(db_comment='rollups that start before it are in the days')),
            ],
        ),
        migrations.CreateModel(
            name='CustomerDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('calls', models.BigIntegerField()),
                ('charge_nanos', models.BigIntegerField()),
                ('cost_nanos', models.BigIntegerField()),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
                ('site', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.site')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('site', 'day', 'organization'), name='customer_day_once')],
            },
        ),
        migrations.CreateModel(
            name='SiteDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('model', models.CharField(max_length=200)),
                ('calls', models.BigIntegerField()),
                ('errors', models.BigIntegerField()),
                ('faults', models.BigIntegerField(db_comment="of the errors, those that were not the caller's")),
                ('charge_nanos', models.BigIntegerField()),
                ('cost_nanos', models.BigIntegerField()),
                ('site', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.site')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('site', 'day', 'model'), name='site_day_once')],
            },
        ),
        migrations.CreateModel(
            name='UsageDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('api_key', models.CharField(blank=True, db_comment='as of the rollup', max_length=40)),
                ('model', models.CharField(max_length=200)),
                ('calls', models.BigIntegerField()),
                ('errors', models.BigIntegerField()),
                ('input_tokens', models.BigIntegerField()),
                ('cached_input_tokens', models.BigIntegerField()),
                ('output_tokens', models.BigIntegerField()),
                ('charge_nanos', models.BigIntegerField()),
                ('cost_nanos', models.BigIntegerField()),
                ('organization', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='accounts.organization')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('organization', 'day', 'api_key', 'model'), name='usage_day_once')],
            },
        ),
        migrations.RunSQL(FORWARD, BACKWARD),
    ]
