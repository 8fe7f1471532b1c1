-- What else piles up: refusals and their episodes, the trail of changes, checks of the books, codes,
-- objects that upstreams keep.
INSERT INTO billing_blockepisode (id, code, status, model, refused_count, logged_count, opened_at, last_at, closed_at, organization_id)
SELECT e, 'credit_balance_exhausted', 402, '', 20, 10, :now - e * (interval '90 days' / :episodes),
  :now - e * (interval '90 days' / :episodes), CASE WHEN e > :episodes / 50 THEN :now END, id
FROM generate_series(1, :episodes) AS e JOIN big_organization ON n = 1 + mod(e * 7, :organizations);
INSERT INTO billing_refusal (id, at, status, code, rule, endpoint, model, param, multiplier, organization_id, episode_id)
SELECT 'req_' || substr(md5('refused ' || r), 1, 16), :now - r * (interval '90 days' / :refusals),
  CASE WHEN mod(r, 3) = 0 THEN 429 ELSE 402 END,
  CASE WHEN mod(r, 3) = 0 THEN 'rate_limit_exceeded' ELSE 'credit_balance_exhausted' END, '', 'chat/completions',
  'vendor-2/model-1', '', 1 + mod(r, 9), id, NULL
FROM generate_series(1, :refusals) AS r
JOIN big_organization ON n = 1 + floor(:organizations * power(mod(r * 7919, 10007) / 10007.0, 4));
INSERT INTO accounts_auditrecord (at, actor_id, actor_name, via, site_id, organization_id, action, target_id,
  target_name, reason, before, after, ip, request_id)
SELECT :since + r * (interval '90 days' / :changes), n, 'person' || n || '@example.com', 'page', 'site-' || site, id,
  (ARRAY['key.create', 'key.revoke', 'member.invite', 'organization.change', 'price.publish'])[1 + mod(r, 5)],
  substr(md5('key ' || n || '.1'), 1, 12), 'key 1', '', '{"name": "a"}', '{"name": "b"}', '192.0.2.1',
  'page_' || substr(md5('page ' || r), 1, 16)
FROM generate_series(1, :changes) AS r
JOIN big_organization ON n = 1 + floor(:organizations * power(mod(r * 7919, 10007) / 10007.0, 4));
INSERT INTO billing_auditrun (kind, started_at, ended_at, is_ok, findings, differences, transactions_to, swept_to)
SELECT CASE WHEN mod(r, 1440) = 0 THEN 'full' ELSE 'drift' END, :now - r * (interval '90 days' / :checks),
  :now - r * (interval '90 days' / :checks), true, '[]', 0, 0, '' FROM generate_series(1, :checks) AS r;
INSERT INTO billing_redeembatch (id, slug, name, prefix, amount_nanos, created_at, site_id)
SELECT b, 'fair-' || b, 'Fair ' || b, '', 5000000000, :since, 'site-' || 1 + mod(b, :sites) FROM generate_series(1, :batches) AS b;
INSERT INTO billing_redeemcode (code_hash, last_four, batch_id)
SELECT sha256(('code ' || b || '.' || c)::bytea), 'ABCD', b FROM generate_series(1, :batches) AS b, generate_series(1, 250) AS c;
INSERT INTO relay_upstreamobject (id, kind, state, key_id, model, upstream_id, credential_id, upstream_model,
  upstream_object, operation, document, items, created_at, expires_at, organization_id, site_id)
SELECT 'resp_' || o, CASE WHEN mod(o, 10) = 0 THEN 'video' ELSE 'response' END, 'completed',
  substr(md5('key ' || n || '.1'), 1, 12), 'vendor-2/model-1', 'upstream-2', '', '', '', 'responses', '', '',
  :now - o * interval '1 second', :now + interval '30 days', id, 'site-' || site
FROM generate_series(1, :objects) AS o JOIN big_organization ON n = 1 + mod(o, :organizations);
DROP TABLE big_move, big_model, big_organization;
