"""Relays hear of an organization whose budget changed as they do of one with another plan."""

from django.db import migrations

CREATE = """
CREATE TRIGGER tollgate_changes AFTER INSERT OR UPDATE OR DELETE
    ON billing_organizationbudget FOR EACH ROW
    EXECUTE FUNCTION tollgate_notify_row('organization', 'organization_id');
"""
DROP = "DROP TRIGGER tollgate_changes ON billing_organizationbudget;"


class Migration(migrations.Migration):
    dependencies = [("relay", "0021_upstream_kinds"), ("billing", "0030_organization_budgets")]
    operations = [migrations.RunSQL(CREATE, DROP)]
