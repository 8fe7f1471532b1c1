"""Relays hear of an organization that is frozen or thawed as they do of a suspended one."""

from django.db import migrations

CREATE = """
DROP TRIGGER tollgate_changes ON accounts_organization;
CREATE TRIGGER tollgate_changes AFTER DELETE OR UPDATE OF {columns}
    ON accounts_organization FOR EACH ROW
    EXECUTE FUNCTION tollgate_notify_row('organization', 'id');
"""
BEFORE = "is_active, time_zone, site_id"


class Migration(migrations.Migration):
    dependencies = [("relay", "0002_change_notices"), ("accounts", "0010_organization_is_frozen")]
    operations = [
        migrations.RunSQL(
            CREATE.format(columns=f"{BEFORE}, is_frozen"), CREATE.format(columns=BEFORE)
        ),
    ]
