"""A changed time zone makes days anew while nobody else adds to them.

Usage that is posted late holds the fold's row shared: a change of zone that held it shared, too,
deleted days, then met the late usage both in its day and in its rollup, and counted it twice.
"""

from django.db import migrations

MOVE = """
CREATE OR REPLACE FUNCTION billing_move_usage_days() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  upto timestamptz;
BEGIN
  SELECT folded_to INTO upto FROM billing_usagefold FOR {lock};
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
"""


class Migration(migrations.Migration):
    dependencies = [("billing", "0150_redeem_batch_slugs")]
    operations = [migrations.RunSQL(MOVE.format(lock="UPDATE"), MOVE.format(lock="SHARE"))]
