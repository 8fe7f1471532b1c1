"""Postgres tells the relays what changed, when it is committed, whoever wrote it.

`NOTIFY tollgate_changes` with the payload `catalog`, `key:<id>` or `organization:<id>`; listened
to by `relay.adapters.changes`. Statement triggers say `catalog`; row triggers name their row.
"""

from django.db import migrations

CATALOG_TABLES = [
    "accounts_site",
    "accounts_sitedomain",
    "billing_model",
    "billing_price",
    "billing_plan",
    "billing_siteterms",
    "billing_siteterms_models",
    "relay_upstream",
    "relay_route",
]

FUNCTIONS = """
CREATE FUNCTION tollgate_notify_catalog() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('tollgate_changes', 'catalog');
    RETURN NULL;
END $$;
CREATE FUNCTION tollgate_notify_row() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    id text;
BEGIN
    EXECUTE format('SELECT ($1).%I', TG_ARGV[1])
        USING CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END INTO id;
    PERFORM pg_notify('tollgate_changes', TG_ARGV[0] || ':' || id);
    RETURN NULL;
END $$;
"""

# `last_used_at` is left out: posting writes it every second and it changes no right.
ROW_TRIGGERS = """
CREATE TRIGGER tollgate_changes AFTER DELETE OR UPDATE OF
    organization_id, secret_hash, expires_at, revoked_at, is_active, allowed_models,
    requests_per_minute, tokens_per_minute, concurrency, budget_nanos, budget_period
    ON accounts_apikey FOR EACH ROW EXECUTE FUNCTION tollgate_notify_row('key', 'id');
CREATE TRIGGER tollgate_changes AFTER DELETE OR UPDATE OF is_active, time_zone, site_id
    ON accounts_organization FOR EACH ROW
    EXECUTE FUNCTION tollgate_notify_row('organization', 'id');
CREATE TRIGGER tollgate_changes AFTER INSERT OR UPDATE OR DELETE
    ON billing_organizationplan FOR EACH ROW
    EXECUTE FUNCTION tollgate_notify_row('organization', 'organization_id');
"""
ROW_TABLES = ["accounts_apikey", "accounts_organization", "billing_organizationplan"]


def create_sql() -> str:
    statements = [
        f"CREATE TRIGGER tollgate_changes AFTER INSERT OR UPDATE OR DELETE ON {table} "
        "FOR EACH STATEMENT EXECUTE FUNCTION tollgate_notify_catalog();"
        for table in CATALOG_TABLES
    ]
    return FUNCTIONS + ROW_TRIGGERS + "\n".join(statements)


def drop_sql() -> str:
    statements = [
        f"DROP TRIGGER tollgate_changes ON {table};" for table in CATALOG_TABLES + ROW_TABLES
    ]
    functions = "DROP FUNCTION tollgate_notify_catalog; DROP FUNCTION tollgate_notify_row;"
    return "\n".join(statements) + functions


class Migration(migrations.Migration):
    dependencies = [
        ("relay", "0001_initial"),
        ("billing", "0001_initial"),
        ("accounts", "0001_initial"),
    ]

    operations = [migrations.RunSQL(create_sql(), drop_sql())]
