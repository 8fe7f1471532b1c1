-- The sums of the records, and the books: a top-up of each customer's before its first call, some
-- weekly ones, and what each was charged on each day. Ids of charges are those that records name.
INSERT INTO billing_usagerollup (start, api_key, model, upstream, status, calls, errors, input_tokens,
  cached_input_tokens, output_tokens, reasoning_tokens, charge_nanos, written_off_nanos, cost_nanos,
  organization_id, site_id)
SELECT date_bin('15 minutes', admitted_at, 'epoch') AS start, api_key_id, model, upstream, status, count(*),
  count(*) FILTER (WHERE status >= 400), sum(input_tokens), sum(cached_input_tokens), sum(output_tokens), 0,
  sum(charge_nanos), 0, sum(cost_nanos), organization_id, site_id
FROM billing_usagerecord
GROUP BY start, api_key_id, model, upstream, status, organization_id, site_id ORDER BY start;

CREATE UNLOGGED TABLE big_move AS
SELECT ledger_transaction_id AS id, 'charge' AS kind, 'org ' || ledger_transaction_id AS external_id,
  LEAST(:now, :since + ((ledger_transaction_id - :first_charge - 1) / :organizations + 1) * interval '1 day') AS at,
  mod(ledger_transaction_id - :first_charge - 1, :organizations) + 1 AS organization,
  sum(charge_nanos)::bigint AS nanos, sum(cost_nanos)::bigint AS cost
FROM billing_usagerecord WHERE ledger_transaction_id IS NOT NULL GROUP BY 1;
INSERT INTO big_move  -- one in fifty has just used up what it had
SELECT n, 'top_up', 'opening ' || n, :since - interval '1 minute', n,
  COALESCE(used, 0) + CASE WHEN mod(n, 50) = 7 THEN 0 ELSE (1 + mod(n, 20)) * 1000000000 END, 0
FROM big_organization LEFT JOIN
  (SELECT organization, sum(nanos)::bigint AS used FROM big_move GROUP BY 1) AS sums ON organization = n
WHERE mod(n, 50) <> 7 OR used > 0;
INSERT INTO big_move
SELECT :organizations + week * 1000 + n, 'top_up', 'week ' || week || ' of ' || n,
  :since + week * interval '7 days', n, 5000000000, 0
FROM big_organization, generate_series(1, 12) AS week WHERE n <= 1000 AND mod(n, 50) <> 7;

INSERT INTO billing_ledgertransaction (id, kind, external_id, reason, created_at, site_id)
SELECT move.id, kind, external_id, CASE kind WHEN 'top_up' THEN 'Bank transfer' ELSE '' END, at, 'site-' || site
FROM big_move AS move JOIN big_organization ON n = organization ORDER BY at;

INSERT INTO billing_ledgeraccount (id, kind, organization_id, site_id, balance_nanos)
SELECT site * 10 + k, (ARRAY['revenue', 'clearing', 'cost', 'payable', 'grants', 'adjustments', 'write_off'])[k],
  NULL, 'site-' || site, 0 FROM generate_series(1, :sites) AS site, generate_series(1, 7) AS k;
INSERT INTO billing_ledgeraccount (id, kind, organization_id, site_id, balance_nanos)
SELECT 10000 + n, 'organization', customer.id, 'site-' || site, 0 FROM big_organization AS customer
WHERE EXISTS (SELECT FROM big_move WHERE organization = n);

INSERT INTO billing_ledgerentry (id, transaction_id, account_id, amount_nanos, balance_after_nanos)
SELECT entry, id, account, nanos, sum(nanos) OVER (PARTITION BY account ORDER BY entry)
FROM (SELECT row_number() OVER (ORDER BY at, move.id, leg) AS entry, move.id, legs.account, legs.nanos
  FROM big_move AS move JOIN big_organization ON n = organization
  CROSS JOIN LATERAL (VALUES
    (1, 10000 + organization, CASE kind WHEN 'charge' THEN -nanos ELSE nanos END),
    (2, site * 10 + CASE kind WHEN 'charge' THEN 1 ELSE 2 END, CASE kind WHEN 'charge' THEN nanos ELSE -nanos END),
    (3, site * 10 + 3, cost), (4, site * 10 + 4, -cost)) AS legs (leg, account, nanos)
  WHERE legs.nanos <> 0) AS entries;
UPDATE billing_ledgeraccount AS account SET balance_nanos = sums.nanos
FROM (SELECT account_id, sum(amount_nanos) AS nanos FROM billing_ledgerentry GROUP BY 1) AS sums
WHERE account.id = sums.account_id;
INSERT INTO billing_creditoutbox (transaction_id, amount_nanos, applied_at, organization_id)
SELECT move.id, nanos, at, customer.id FROM big_move AS move JOIN big_organization AS customer ON n = organization
WHERE kind = 'top_up';
