-- One share of the UsageRecords, in the order of their time. Customers differ as they do: the first
-- makes one call in twenty, the last some in a month; each has a few models and keys of its own.
-- Run once for each share, as :share of :shares, at the same time.
SELECT setseed(0.5 / :share);
WITH drawn AS MATERIALIZED (
  SELECT n, 1 + floor(:organizations * power(random(), 4))::bigint AS organization,
    floor(8 * power(random(), 2))::bigint AS slot, power(random(), 2) AS key_share, random() AS luck,
    1 + floor(2000 * random())::bigint AS input, floor(2 * random())::bigint * 512 AS cached,
    1 + floor(600 * random())::bigint AS output,
    date_trunc('milliseconds', :since + (n + random()) * (interval '90 days' / :records)) AS at
  FROM generate_series((:share - 1) * (:records / :shares), :share * (:records / :shares) - 1) AS n),
placed AS (
  SELECT drawn.*, customer.id, customer.site, 1 + floor(keys * key_share)::bigint AS key,
    luck > 0.02 AS is_well,
    1 + floor(:models * power((hashint8extended(organization * 64 + slot, 7) & 1048575) / 1048576.0, 3))::bigint AS model
  FROM drawn JOIN big_organization AS customer ON customer.n = drawn.organization),
priced AS (
  SELECT placed.*, sold.id AS model_id, sold.upstream, sold.nanos,
    CASE WHEN is_well THEN nanos * input + nanos / 2 * cached + nanos * 4 * output ELSE 0 END AS charge
  FROM placed JOIN big_model AS sold ON sold.n = placed.model)
INSERT INTO billing_usagerecord (request_id, endpoint, model, upstream, ending, status, error_code,
  is_stream, is_estimated, is_late, input_tokens, cached_input_tokens, output_tokens, reasoning_tokens,
  quantities, adjustment_bp, charge_nanos, written_off_nanos, cost_nanos, hold_nanos, lines, attempts,
  admitted_at, ended_at, first_byte_ms, duration_ms, stream_id, api_key_id, ledger_transaction_id,
  organization_id, price_id, site_id)
SELECT 'req_' || substr(md5('call ' || n), 1, 16), 'chat/completions', model_id, upstream,
  CASE WHEN NOT is_well THEN 'upstream_failed' WHEN luck > 0.99 THEN 'client_left' ELSE 'completed' END,
  CASE WHEN is_well THEN 200 ELSE 502 END, CASE WHEN is_well THEN '' ELSE 'upstream_error' END,
  luck > 0.5, false, false, input, cached, CASE WHEN is_well THEN output ELSE 0 END, 0,
  '{}', 0, charge, 0, charge / 2, charge * 2,
  CASE WHEN NOT is_well THEN '[]'::jsonb ELSE jsonb_build_array(
    jsonb_build_object('bucket', 'input', 'quantity', input, 'nanos_per_mtok', nanos * 1000000)) ||
    CASE WHEN cached = 0 THEN '[]'::jsonb ELSE jsonb_build_array(
      jsonb_build_object('bucket', 'cached_input', 'quantity', cached, 'nanos_per_mtok', nanos / 2 * 1000000)) END ||
    jsonb_build_array(
      jsonb_build_object('bucket', 'output', 'quantity', output, 'nanos_per_mtok', nanos * 4 * 1000000)) END,
  jsonb_build_array(jsonb_build_object('upstream', upstream, 'status', CASE WHEN is_well THEN 200 ELSE 502 END,
    'code', '', 'latency_ms', 900, 'cost_nanos', charge / 2, 'cost_id', 0)),
  at, at + interval '900 milliseconds', 100 + floor(luck * 400)::int, 900, '',
  substr(md5('key ' || organization || '.' || key), 1, 12),
  CASE WHEN charge > 0 THEN :first_charge
    + floor(extract(epoch FROM at - :since) / 86400)::bigint * :organizations + organization END,
  id, CASE WHEN is_well THEN model END, 'site-' || site
FROM priced;
