"""Relays hear of how sites sell single models."""

from django.db import migrations

CREATE = """
CREATE TRIGGER tollgate_changes AFTER INSERT OR UPDATE OR DELETE ON billing_sitemodel
    FOR EACH STATEMENT EXECUTE FUNCTION tollgate_notify_catalog();
"""
DROP = "DROP TRIGGER tollgate_changes ON billing_sitemodel;"


class Migration(migrations.Migration):
    dependencies = [("relay", "0094_pause_reason"), ("billing", "0121_site_models")]
    operations = [migrations.RunSQL(CREATE, DROP)]
