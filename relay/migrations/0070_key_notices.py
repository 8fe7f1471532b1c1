"""Relays hear of what else a key is limited to, of its retired secrets, and of people who are
suspended, whose keys stop with them."""

from django.db import migrations

# As in 0002: what posting writes every second (last use) is left out, as it changes no right.
KEY_COLUMNS = (
    "organization_id, secret_hash, expires_at, revoked_at, is_active, allowed_models,"
    " requests_per_minute, tokens_per_minute, concurrency, budget_nanos, budget_period"
)
MORE_COLUMNS = ", created_by_id, allowed_endpoints, allowed_networks"
ON_KEY = """
DROP TRIGGER tollgate_changes ON accounts_apikey;
CREATE TRIGGER tollgate_changes AFTER DELETE OR UPDATE OF {columns}
    ON accounts_apikey FOR EACH ROW EXECUTE FUNCTION tollgate_notify_row('key', 'id');
"""
CREATE = """
CREATE TRIGGER tollgate_changes AFTER INSERT OR DELETE OR UPDATE OF secret_hash, expires_at
    ON accounts_retiredsecret FOR EACH ROW
    EXECUTE FUNCTION tollgate_notify_row('key', 'api_key_id');
CREATE TRIGGER tollgate_changes AFTER UPDATE OF is_active
    ON accounts_user FOR EACH STATEMENT EXECUTE FUNCTION tollgate_notify_catalog();
"""
DROP = """
DROP TRIGGER tollgate_changes ON accounts_retiredsecret;
DROP TRIGGER tollgate_changes ON accounts_user;
"""


class Migration(migrations.Migration):
    dependencies = [("relay", "0050_upstream_credentials"), ("accounts", "0070_key_limits_and_rotation")]
    operations = [
        migrations.RunSQL(
            ON_KEY.format(columns=KEY_COLUMNS + MORE_COLUMNS) + CREATE,
            DROP + ON_KEY.format(columns=KEY_COLUMNS),
        )
    ]
