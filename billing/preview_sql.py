"""The statements of `billing.price_effects`: Calls of plain tokens are priced where they are.

Only text and parameters; the arithmetic of `billing.pricing`, exact in NUMERIC, for records that
count nothing but input, cached input, output, reasoning and the request.
"""

from collections.abc import Mapping, Sequence

from billing.money import NANOS_MAX, TOKENS_PER_PRICE_UNIT
from billing.price_versions import ABOVE_TOKENS, TIERS, Bucket, PriceVersion

# The tariff of customers whose plan adjusts nothing.
ANY_PLAN = ""
PLAIN = (Bucket.INPUT, Bucket.CACHED_INPUT, Bucket.OUTPUT, Bucket.REASONING)

SCOPED = """
FROM billing_usagerecord r
JOIN accounts_site s ON s.id = r.site_id
LEFT JOIN billing_organizationplan op ON op.organization_id = r.organization_id
LEFT JOIN billing_siteterms st ON st.site_id = r.site_id
WHERE r.model = %(model)s AND r.admitted_at > %(since)s AND r.admitted_at <= %(until)s
  AND (%(site)s::text IS NULL OR r.site_id = %(site)s)
  AND (%(organization)s::text IS NULL OR r.organization_id = %(organization)s)
  AND r.site_id <> ALL(%(other_sites)s) AND r.organization_id <> ALL(%(other_organizations)s)
"""
IS_PLAIN = "r.quantities - 'request' = '{}'::jsonb"
PLAN = "COALESCE(op.plan_id, st.plan_id, '')"

COUNT = f"SELECT count(*) FILTER (WHERE {IS_PLAIN}), count(*) {SCOPED}"
# The instant of the newest Call beyond a number of them: what is later is looked at.
PLAIN_BOUND = f"""
SELECT r.admitted_at {SCOPED} AND {IS_PLAIN}
ORDER BY r.admitted_at DESC OFFSET %(calls_max)s LIMIT 1
"""
RARER_BOUND = f"""
SELECT r.admitted_at {SCOPED} AND NOT {IS_PLAIN}
ORDER BY r.admitted_at DESC OFFSET %(calls_max)s LIMIT 1
"""
RARER = f"""
SELECT s.currency, {PLAN}, r.input_tokens, r.cached_input_tokens, r.output_tokens,
  r.reasoning_tokens, r.quantities::text, r.charge_nanos + r.written_off_nanos, r.cost_nanos
{SCOPED} AND NOT {IS_PLAIN}
"""
# Sums of products, in millionths of a nano; what has no price is no line, and without a line
# there is no minimum. Rounded half-even, once. MATERIALIZED, or Postgres would put each step into
# the next and work a product out twenty times over.
AGGREGATE = f"""
WITH tariff AS (
  SELECT * FROM unnest(%(plans)s::text[], %(above)s::bigint[], %(upto)s::bigint[],
    %(input)s::numeric[], %(cached_input)s::numeric[], %(output)s::numeric[],
    %(reasoning)s::numeric[], %(request)s::numeric[], %(minimum)s::numeric[])
  AS t(plan, above, upto, input, cached_input, output, reasoning, request, minimum)
), used AS (
  SELECT s.currency, {PLAN} AS plan, r.input_tokens AS input,
    r.cached_input_tokens AS cached_input, r.output_tokens - r.reasoning_tokens AS output,
    r.reasoning_tokens AS reasoning,
    COALESCE((r.quantities ->> 'request')::bigint,
      (r.input_tokens + r.cached_input_tokens + r.output_tokens > 0)::int) AS requests,
    r.charge_nanos + r.written_off_nanos AS charged, r.cost_nanos AS cost
  {SCOPED} AND {IS_PLAIN}
), summed AS MATERIALIZED (
  SELECT u.currency, u.charged, u.cost,
    CASE WHEN (u.input > 0 AND t.input IS NOT NULL)
      OR (u.cached_input > 0 AND t.cached_input IS NOT NULL)
      OR (u.output > 0 AND t.output IS NOT NULL)
      OR (u.reasoning > 0 AND t.reasoning IS NOT NULL)
      OR (u.requests > 0 AND t.request IS NOT NULL)
    THEN greatest(u.input * COALESCE(t.input, 0) + u.cached_input * COALESCE(t.cached_input, 0)
      + u.output * COALESCE(t.output, 0) + u.reasoning * COALESCE(t.reasoning, 0)
      + u.requests * COALESCE(t.request, 0), t.minimum)
    ELSE 0 END AS product
  FROM used u JOIN tariff t
    ON t.plan = CASE WHEN u.plan = ANY(%(plans)s) THEN u.plan ELSE '{ANY_PLAN}' END
    AND u.input + u.cached_input > t.above AND u.input + u.cached_input <= t.upto
), divided AS MATERIALIZED (
  SELECT currency, charged, cost, div(product, {TOKENS_PER_PRICE_UNIT}) AS whole,
    2 * mod(product, {TOKENS_PER_PRICE_UNIT}) AS twice_rest
  FROM summed
), priced AS MATERIALIZED (
  SELECT currency, charged, cost, whole + CASE
    WHEN twice_rest > {TOKENS_PER_PRICE_UNIT} THEN 1
    WHEN twice_rest = {TOKENS_PER_PRICE_UNIT} THEN mod(whole, 2) ELSE 0 END AS nanos
  FROM divided
)
SELECT currency, count(*), sum(charged), sum(nanos), count(*) FILTER (WHERE nanos > charged),
  count(*) FILTER (WHERE nanos < charged), count(*) FILTER (WHERE nanos < cost)
FROM priced GROUP BY currency
"""  # noqa: S608  only constants of ours; values are parameters


def tariff(versions: Mapping[str, PriceVersion]) -> dict[str, list[object]]:
    """The versions by plan as the columns of `AGGREGATE`: one row for each length of prompt."""
    columns: dict[str, list[object]] = {
        name: [] for name in ("plans", "above", "upto", *PLAIN, "request", "minimum")
    }
    for plan, version in versions.items():
        starts = [-1, *(tier[ABOVE_TOKENS] for tier in version.components.get(TIERS, ()))]
        for above, upto in zip(starts, [*starts[1:], NANOS_MAX], strict=True):
            _add_row(columns, plan, (above, upto), version)
    return columns


def _add_row(
    columns: dict[str, list[object]], plan: str, lengths: Sequence[int], version: PriceVersion
) -> None:
    above, upto = lengths
    table = version.table(upto)
    columns["plans"].append(plan)
    columns["above"].append(above)
    columns["upto"].append(upto)
    for name in PLAIN:
        columns[name].append(table.get(name))
    request = table.get(Bucket.REQUEST)
    columns["request"].append(None if request is None else request * TOKENS_PER_PRICE_UNIT)
    columns["minimum"].append(version.minimum_nanos * TOKENS_PER_PRICE_UNIT)
