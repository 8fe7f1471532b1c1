-- What is sold: models of fifty vendors, their prices, routes and costs; plans. Prices are whole
-- nanos a token, so that the statements of the next file need not round. Price n is model n's.
INSERT INTO billing_plan (id, requests_per_minute, tokens_per_minute, concurrency)
VALUES ('default', 600, 1000000, 100), ('gold', 6000, 10000000, 1000), ('school', 60, NULL, 10);

CREATE UNLOGGED TABLE big_model AS
SELECT n, 'vendor-' || 1 + mod(n, 50) || '/model-' || n AS id, 50 + 2 * mod(n * 37, 400) AS nanos,
  'upstream-' || 1 + mod(n, 40) AS upstream
FROM generate_series(1, :models) AS n;
ALTER TABLE big_model ADD PRIMARY KEY (n);
ANALYZE big_model;

INSERT INTO billing_model (id, name, context_tokens, max_output_tokens, owned_by, is_active, created_at)
SELECT id, 'Model ' || n, 128000, 8192, 'vendor-' || 1 + mod(n, 50), mod(n, 100) <> 99, :since FROM big_model;
CREATE FUNCTION pg_temp.components(nanos bigint) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_build_object('input', nanos * 1000000, 'cached_input', nanos / 2 * 1000000,
    'output', nanos * 4 * 1000000) $$;
INSERT INTO billing_price (id, components, effective_from, created_at, model_id)
SELECT n, pg_temp.components(nanos), :since - interval '1 day', :since, id FROM big_model
UNION ALL  -- what was in force before
SELECT :models + n, pg_temp.components(nanos * 2), :since - interval '1 year', :since, id
FROM big_model WHERE mod(n, 10) = 1;
INSERT INTO billing_price (id, components, effective_from, created_at, model_id, site_id, organization_id)
SELECT 2 * :models + n, pg_temp.components(nanos * 3), :now, :now, id, 'site-1', NULL
FROM big_model WHERE mod(n, 20) = 3
UNION ALL
SELECT 3 * :models + n, pg_temp.components(nanos), :now, :now, id, NULL,
  (SELECT id FROM big_organization WHERE n = 1) FROM big_model WHERE mod(n, 100) = 5;

INSERT INTO relay_upstream (id, dialect, base_url, provider, is_active, created_at, quirks, credentials)
SELECT 'upstream-' || n, 'openai', 'http://127.0.0.1:9/v1', '', true, :since, '{}', '[]'
FROM generate_series(1, 40) AS n;
INSERT INTO relay_route (name, priority, weight, is_active, model_id, upstream_id)
SELECT id, 0, 1, true, id, upstream FROM big_model
UNION ALL SELECT id, 1, 1, true, id, 'upstream-' || 1 + mod(n + 7, 40) FROM big_model;
INSERT INTO relay_cost (model, upstream, name, components, effective_from, created_at)
SELECT id, upstream, id, pg_temp.components(nanos / 2), :since - interval '1 day', :since FROM big_model;
INSERT INTO relay_modelalias (alias, model_id, site_id)
SELECT 'latest-' || n, id, NULL FROM big_model WHERE mod(n, 100) = 1;

INSERT INTO billing_siteterms (site_id, offers_all_models, plan_id, trial_credit_nanos)
SELECT 'site-' || s, mod(s, 2) = 1, 'default', 0 FROM generate_series(1, :sites) AS s;
INSERT INTO billing_siteterms_models (siteterms_id, model_id)
SELECT 'site-' || s, id FROM generate_series(2, :sites, 2) AS s, big_model WHERE mod(n, 20) = mod(s, 20);
INSERT INTO billing_organizationplan (organization_id, plan_id)
SELECT id, 'gold' FROM big_organization WHERE mod(n, 20) = 1;
INSERT INTO billing_organizationbudget (period, limit_nanos, organization_id)
SELECT 'month', 9000000000000000, id FROM big_organization WHERE mod(n, 20) = 1;
INSERT INTO billing_planadjustment (adjustment_bp, effective_from, created_at, model_id, plan_id)
SELECT -500, :now, :now, NULL, 'gold'
UNION ALL SELECT -1000, :now, :now, id, 'gold' FROM big_model WHERE mod(n, 100) = 7;
