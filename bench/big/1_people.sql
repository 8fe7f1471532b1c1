-- Sites, organizations, people and keys. The first organization is a giant, the second quite small;
-- six of ten are customers of the first site. `big_organization` numbers them for the other files.
INSERT INTO accounts_site (id, name, currency, language, time_zone, preset, support_contact, is_active,
  created_at, error_overrides, accent, accent_dark, footer, icon_hash, logo_hash, languages,
  sender_address, sender_name, sign_up)
SELECT 'site-' || s, 'Site ' || s, (ARRAY['USD', 'EUR', 'CNY'])[1 + mod(s, 3)], 'en',
  (ARRAY['UTC', 'Asia/Shanghai', 'Europe/Berlin', 'Asia/Kolkata'])[1 + mod(s, 4)], 'openai', '', true,
  :since, '{}', '', '', '{}', '', '', ARRAY['en', 'zh-hans', 'zh-hant'], '', '', 'open'
FROM generate_series(1, :sites) AS s;
INSERT INTO accounts_sitedomain (domain, site_id, position)
SELECT 'site-' || s || '.localhost', 'site-' || s, 0 FROM generate_series(1, :sites) AS s;

CREATE UNLOGGED TABLE big_organization AS
SELECT n, 'org_' || substr(md5('organization ' || n), 1, 16) AS id,
  CASE WHEN mod(n, 10) < 6 THEN 1 ELSE 2 + mod(n, :sites - 1) END AS site,
  CASE WHEN n = 1 THEN 200 ELSE 1 + mod(n, 2) END AS keys
FROM generate_series(1, :organizations) AS n;
ALTER TABLE big_organization ADD PRIMARY KEY (n);
ANALYZE big_organization;

INSERT INTO accounts_organization (id, name, time_zone, is_active, created_at, site_id, is_frozen)
SELECT id, 'Customer ' || n || ' of ' || (ARRAY['Lyon', 'Kyoto', 'Leeds', 'Porto', 'Busan'])[1 + mod(n, 5)],
  (ARRAY['UTC', 'Asia/Shanghai', 'America/New_York'])[1 + mod(n, 3)], mod(n, 1000) <> 999,
  :since + n * (interval '90 days' / :organizations), 'site-' || site, false
FROM big_organization;

-- A user for each organization, then the giant's colleagues, then every site's staff, then operators.
INSERT INTO accounts_user (id, password, email, name, language, is_active, is_operator, date_joined, theme, time_zone)
SELECT n, '!', 'person' || n || '@example.com', 'Person ' || n, '', true,
  n > :organizations + 200 + :sites * 4, :since, '', ''
FROM generate_series(1, :organizations + 200 + :sites * 4 + 5) AS n;
INSERT INTO account_emailaddress (email, verified, "primary", user_id)
SELECT email, true, true, id FROM accounts_user;
INSERT INTO accounts_membership (role, created_at, user_id, organization_id, last_active_at)
SELECT 'owner', :since, n, id, :now - mod(n, 90) * interval '1 day' FROM big_organization
UNION ALL
SELECT (ARRAY['billing', 'developer', 'viewer'])[1 + mod(n, 3)], :since, :organizations + n,
  (SELECT id FROM big_organization WHERE n = 1), :now
FROM generate_series(1, 200) AS n;
INSERT INTO accounts_sitestaff (role, created_at, site_id, user_id)
SELECT (ARRAY['owner', 'finance', 'support', 'viewer'])[r], :since, 'site-' || s,
  :organizations + 200 + (s - 1) * 4 + r
FROM generate_series(1, :sites) AS s, generate_series(1, 4) AS r;

INSERT INTO accounts_apikey (id, name, secret_hash, last_four, created_at, is_active, revoked_at,
  requests_per_minute, budget_nanos, budget_period, created_by_id, organization_id, last_used_at, last_used_model)
SELECT substr(md5('key ' || n || '.' || k), 1, 12), 'key ' || k, sha256(('key ' || n || '.' || k)::bytea),
  substr(md5('key ' || n || '.' || k), 29, 4), :since + k * interval '1 minute', mod(n, 97) <> 3,
  CASE WHEN mod(n + k, 20) = 3 THEN :now - interval '2 days' END,
  CASE WHEN mod(n, 3) = 0 THEN 600 END, CASE WHEN mod(n, 7) = 0 THEN 1000000000000 END,
  CASE WHEN mod(n, 7) = 0 THEN 'month' ELSE '' END, n, id, :now, 'vendor-1/model-1'
FROM big_organization, generate_series(1, keys) AS k;
INSERT INTO accounts_keyaddress (ip, first_at, last_at, api_key_id)
SELECT ('192.0.2.' || a)::inet, :since, :now, substr(md5('key ' || n || '.1'), 1, 12)
FROM big_organization, generate_series(1, 3) AS a;

INSERT INTO accounts_customertag (name, organization_id)
SELECT (ARRAY['vip', 'reseller', 'school'])[1 + mod(n, 3)], id FROM big_organization WHERE mod(n, 10) = 1;
INSERT INTO accounts_customernote (text, created_at, author_id, organization_id)
SELECT 'Called about invoice ' || n, :now, :organizations + 201, id FROM big_organization WHERE mod(n, 20) = 1;
INSERT INTO accounts_invitation (id, email, role, token_hash, created_at, sent_at, expires_at, invited_by_id, organization_id)
SELECT 'inv_' || n, 'guest' || n || '@example.com', 'viewer', sha256(('invitation ' || n)::bytea), :now, :now,
  :now + interval '7 days', n, id FROM big_organization WHERE mod(n, 20) = 1;
INSERT INTO accounts_announcement (id, model_ids, kind, state, title, body, starts_at, created_at, site_id)
SELECT 'ann-' || n, '{}', 'news', 'published', '{"en": "News"}', '{"en": "Something new."}',
  :now - n * interval '1 hour', :now, 'site-' || 1 + mod(n, :sites)
FROM generate_series(1, :sites * 10) AS n;
