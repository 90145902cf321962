-- Every printed share, rate, increase, balance and total beside what the published levels give. A printed figure that
-- nothing can be computed for stays in the list (not_computable): what cannot be judged is counted too. Levels are at
-- current prices, so a rate at other prices is not set against them.
CREATE OR REPLACE TEMP TABLE printed_figures AS
SELECT *, dataset || '/' || vintage || '/' || locator || '=' || printed AS input,
       CASE WHEN starts_with(item, 'DEF:') THEN substr(item, 5) ELSE '' END AS definition,
       CASE WHEN contains(period, '/') THEN split_part(period, '/', 2) ELSE period END AS last_period,
       CASE WHEN contains(period, '/') AND base_period = '' THEN split_part(period, '/', 1)
            ELSE base_period END AS first_period,
       CASE WHEN qualifier = '' AND lower IS NULL THEN value ELSE lower END AS lo,
       CASE WHEN qualifier = '' AND upper IS NULL THEN value ELSE upper END AS hi,
       price IN ('', 'current') AS is_nominal
FROM observations
WHERE value IS NOT NULL AND activity = '_T' AND mode = '_T' AND partner = 'W';

CREATE OR REPLACE TEMP TABLE matched AS
WITH shares_of AS (
    SELECT * FROM indicators
    WHERE indicator IN ('dds_share', 'category_share', 'city_share', 'world_share', 'share_of_reference')
)
SELECT 'share' AS rule, coalesce(c.indicator, CASE WHEN p.reference = 'NATION' THEN 'city_share'
            WHEN p.reference = 'SERVICES' AND starts_with(p.item, 'DEF:') THEN 'dds_share'
            WHEN starts_with(p.item, 'EBOPS2010:S') THEN 'category_share'
            ELSE 'share_of_reference' END) AS rule_indicator,
       p.*, c.value AS c_value, c.lower AS c_lower, c.upper AS c_upper, c.unit_mult AS c_mult,
       c.obs_status AS c_status, c.note AS c_note, c.inputs AS c_inputs, c.method AS c_method, c.currency AS c_currency
FROM printed_figures p
LEFT JOIN shares_of c
  ON p.is_nominal
 AND (c.dataset, c.vintage, c.geo, c.partner, c.flow, c.item, c.period, c.reference, c.basis, c.adjustment)
   = (p.dataset, p.vintage, p.geo, p.partner, p.flow, p.item, p.period, p.reference, p.basis, p.adjustment)
WHERE p.measure = 'share' AND p.basis <> 'survey'
UNION ALL BY NAME
SELECT 'growth' AS rule, 'growth' AS rule_indicator, p.*, c.value AS c_value, c.lower AS c_lower, c.upper AS c_upper,
       c.unit_mult AS c_mult, c.obs_status AS c_status, c.note AS c_note, c.inputs AS c_inputs, c.method AS c_method,
       c.currency AS c_currency
FROM printed_figures p
LEFT JOIN indicators c ON c.indicator = 'growth' AND p.is_nominal
 AND (c.dataset, c.vintage, c.geo, c.partner, c.flow, c.item, c.period, c.base_period, c.basis, c.adjustment)
   = (p.dataset, p.vintage, p.geo, p.partner, p.flow, p.item, p.period, p.base_period, p.basis, p.adjustment)
WHERE p.measure = 'growth'
UNION ALL BY NAME
SELECT 'average_growth' AS rule, names.indicator AS rule_indicator, p.*, c.value AS c_value, c.lower AS c_lower,
       c.upper AS c_upper, c.unit_mult AS c_mult, c.obs_status AS c_status,
       concat_ws('; ', CASE WHEN p.method = '' THEN 'the document states no method' END, nullif(c.note, '')) AS c_note,
       c.inputs AS c_inputs, c.method AS c_method, c.currency AS c_currency
FROM printed_figures p
JOIN (VALUES ('average_growth_compound', 'compound'), ('average_growth_mean', 'mean_of_annual_rates'),
             ('average_growth_log_linear', 'log_linear')) names(indicator, method)
  ON p.method IN ('', names.method)
LEFT JOIN indicators c
  ON p.is_nominal
 AND (c.indicator, c.dataset, c.vintage, c.geo, c.partner, c.flow, c.item, c.period, c.base_period, c.basis,
      c.adjustment)
   = (names.indicator, p.dataset, p.vintage, p.geo, p.partner, p.flow, p.item, p.last_period, p.first_period, p.basis,
      p.adjustment)
WHERE p.measure = 'average_growth'
UNION ALL BY NAME
SELECT 'increase' AS rule, p.measure AS rule_indicator, p.*, c.value AS c_value, c.lower AS c_lower, c.upper AS c_upper,
       c.unit_mult AS c_mult, c.obs_status AS c_status,
       CASE WHEN other.value IS NULL THEN c.note
            WHEN (p.lo IS NULL OR other.upper >= p.lo) AND (p.hi IS NULL OR other.lower <= p.hi)
            THEN 'agrees when read as the ' || other.indicator || ', ' || round(other.value, 2)
            ELSE 'the ' || other.indicator || ' is ' || round(other.value, 2) END AS c_note,
       c.inputs AS c_inputs, c.method AS c_method, c.currency AS c_currency
FROM printed_figures p
LEFT JOIN indicators c
  ON p.is_nominal
 AND (c.indicator, c.dataset, c.vintage, c.geo, c.partner, c.flow, c.item, c.period, c.base_period, c.basis,
      c.adjustment)
   = (p.measure, p.dataset, p.vintage, p.geo, p.partner, p.flow, p.item, p.last_period, p.first_period, p.basis,
      p.adjustment)
LEFT JOIN indicators other
  ON (other.indicator, other.dataset, other.vintage, other.geo, other.partner, other.flow, other.item, other.period,
      other.base_period, other.basis, other.adjustment, other.currency)
   = (CASE WHEN p.measure = 'increase' THEN 'multiple' ELSE 'increase' END, c.dataset, c.vintage, c.geo, c.partner,
      c.flow, c.item, c.period, c.base_period, c.basis, c.adjustment, c.currency)
WHERE p.measure IN ('increase', 'multiple')
UNION ALL BY NAME
SELECT 'balance' AS rule, 'trade_balance' AS rule_indicator, p.*, c.value AS c_value, c.lower AS c_lower,
       c.upper AS c_upper, c.unit_mult AS c_mult, c.obs_status AS c_status, c.note AS c_note, c.inputs AS c_inputs,
       c.method AS c_method, c.currency AS c_currency
FROM printed_figures p
LEFT JOIN indicators c ON c.indicator = 'trade_balance' AND p.is_nominal
 AND (c.dataset, c.vintage, c.geo, c.partner, c.item, c.period, c.basis, c.adjustment, c.unit)
   = (p.dataset, p.vintage, p.geo, p.partner, p.item, p.period, p.basis, p.adjustment, p.unit)
WHERE p.measure = 'balance'
UNION ALL BY NAME
SELECT 'total' AS rule, 'total_trade' AS rule_indicator, p.*, f.x + f.m AS c_value, f.x_lo0 + f.m_lo0 AS c_lower,
       f.x_hi0 + f.m_hi0 AS c_upper, f.mult AS c_mult,
       CASE WHEN f.x + f.m IS NULL THEN 'O' ELSE 'A' END AS c_status, '' AS c_note,
       list_sort(f.x_inputs || f.m_inputs) AS c_inputs, 'sum' AS c_method
FROM printed_figures p
JOIN flows_together f
  ON (f.dataset, f.vintage, f.geo, f.item, f.period, f.basis, f.price, f.unit, f.adjustment)
   = (p.dataset, p.vintage, p.geo, p.item, p.period, p.basis, p.price, p.unit, p.adjustment)
 AND f.has_x > 0 AND f.has_m > 0 AND f.partner = p.partner
WHERE p.measure = 'value' AND p.flow = 'T'
UNION ALL BY NAME
-- the share in X + M is a weighted mean of the shares in X and in M, so it lies between them
SELECT 'weighted_mean' AS rule, 'dds_share' AS rule_indicator, p.*, NULL AS c_value,
       CASE WHEN x.lo IS NOT NULL AND m.lo IS NOT NULL THEN least(x.lo, m.lo) END AS c_lower,
       CASE WHEN x.hi IS NOT NULL AND m.hi IS NOT NULL THEN greatest(x.hi, m.hi) END AS c_upper,
       0 AS c_mult, 'O' AS c_status,
       'a share of exports and imports together lies between the share of exports and that of imports' AS c_note,
       list_sort([x.input, m.input]) AS c_inputs, 'bounds' AS c_method
FROM printed_figures p
JOIN printed_figures x ON x.flow = 'X'
 AND (x.dataset, x.vintage, x.table_id, x.geo, x.item, x.period, x.reference, x.basis, x.measure)
   = (p.dataset, p.vintage, p.table_id, p.geo, p.item, p.period, p.reference, p.basis, p.measure)
JOIN printed_figures m ON m.flow = 'M'
 AND (m.dataset, m.vintage, m.table_id, m.geo, m.item, m.period, m.reference, m.basis, m.measure)
   = (p.dataset, p.vintage, p.table_id, p.geo, p.item, p.period, p.reference, p.basis, p.measure)
WHERE p.measure = 'share' AND p.flow = 'T' AND p.reference IN (SELECT code FROM refs WHERE flow = '' AND item <> '')
UNION ALL BY NAME
-- a printed rank among the categories of services: the published amounts bound it, unpublished ones may be anywhere
SELECT 'rank' AS rule, '' AS rule_indicator, p.*, NULL AS c_value,
       1 + count(*) FILTER (WHERE o.lo > own.hi) AS c_lower,
       max(n.categories) - count(*) FILTER (WHERE o.hi < own.lo) AS c_upper, 0 AS c_mult, 'O' AS c_status,
       'among the categories whose amounts are published' AS c_note,
       list_sort(list_distinct(flatten(list(own.inputs || o.inputs)))) AS c_inputs, 'bounds' AS c_method
FROM printed_figures p
JOIN totals own
  ON (own.dataset, own.vintage, own.geo, own.partner, own.flow, own.item, own.period, own.basis, own.adjustment)
   = (p.dataset, p.vintage, p.geo, p.partner, p.flow, p.item, p.period, p.basis, p.adjustment)
 AND own.measure = 'value'
JOIN totals o
  ON (o.dataset, o.vintage, o.geo, o.partner, o.flow, o.measure, o.period, o.basis, o.price, o.unit, o.adjustment)
   = (own.dataset, own.vintage, own.geo, own.partner, own.flow, own.measure, own.period, own.basis, own.price,
      own.unit, own.adjustment)
 AND o.item <> own.item AND o.item IN (SELECT code FROM items WHERE tree = 'standard' AND parent = 'EBOPS2010:S')
CROSS JOIN (SELECT count(*) AS categories FROM mofcom_categories) n
WHERE p.measure = 'rank' AND p.reference = 'SERVICES_CATEGORIES'
GROUP BY ALL
UNION ALL BY NAME
-- one figure printed in several places
SELECT 'repeat' AS rule, '' AS rule_indicator, p.*, q.value AS c_value, q.lo AS c_lower, q.hi AS c_upper,
       q.unit_mult AS c_mult, q.obs_status AS c_status, 'also printed at ' || q.locator AS c_note,
       [q.input] AS c_inputs, 'published' AS c_method
FROM printed_figures p
JOIN (
    SELECT * FROM printed_figures
    QUALIFY row_number() OVER (
        PARTITION BY dataset, vintage, geo, flow, item, measure, period, base_period, freq, basis, price, unit,
                     adjustment, reference, method
        ORDER BY (hi - lo) * pow(10.0, unit_mult) NULLS LAST, table_id, locator) = 1
) q USING (dataset, vintage, geo, flow, item, measure, period, base_period, freq, basis, price, unit, adjustment,
           reference, method)
WHERE p.locator <> q.locator AND p.period <> '';

-- One row per printed figure and indicator: where levels stand in two currencies, the one that agrees best.
INSERT INTO comparisons BY NAME
WITH scaled AS (
    SELECT * REPLACE (
        CAST(c_value * pow(10.0, c_mult - unit_mult) AS DECIMAL(38, 10)) AS c_value,
        CAST(c_lower * pow(10.0, c_mult - unit_mult) AS DECIMAL(38, 10)) AS c_lower,
        CAST(c_upper * pow(10.0, c_mult - unit_mult) AS DECIMAL(38, 10)) AS c_upper)
    FROM matched
), judged AS (
    SELECT *,
           (lo IS NULL OR c_upper IS NULL OR lo <= c_upper) AND (hi IS NULL OR c_lower IS NULL OR hi >= c_lower)
           AS meets,
           CASE WHEN c_value IS NULL AND c_lower IS NULL AND c_upper IS NULL THEN 'not_computable'
                WHEN c_status = 'D' THEN 'not_comparable'
                WHEN NOT meets THEN 'contradictory'
                WHEN c_value IS NULL THEN 'not_computable'
                WHEN qualifier = '' AND lo <= c_value AND c_value <= hi THEN 'equal'
                ELSE 'within_rounding' END AS verdict
    FROM scaled
), chosen AS (
    SELECT *, count(*) OVER same_figure AS readings FROM judged
    WINDOW same_figure AS (PARTITION BY dataset, vintage, table_id, locator, rule, rule_indicator)
    QUALIFY row_number() OVER (same_figure ORDER BY
        list_position(['equal', 'within_rounding', 'not_comparable', 'contradictory', 'not_computable'], verdict),
        c_currency, c_inputs) = 1
)
SELECT dataset, vintage, table_id, locator, rule, rule_indicator AS indicator, definition, geo, flow, item,
       last_period AS period, first_period AS base_period, reference, unit, unit_mult, printed,
       value AS printed_value, lo AS printed_lower, hi AS printed_upper,
       c_value AS computed_value, c_lower AS computed_lower, c_upper AS computed_upper,
       CASE WHEN c_status IS NULL THEN 'O' ELSE c_status END AS obs_status, verdict,
       concat_ws('; ', nullif(qualifier, ''), CASE WHEN readings > 1 THEN 'from levels in ' || c_currency END,
                 nullif(c_note, '')) AS note,
       CASE WHEN c_inputs IS NULL THEN [input] ELSE list_sort(list_distinct(list_append(c_inputs, input))) END AS inputs
FROM chosen;

-- published annual rates chained, against the published levels at the ends
INSERT INTO comparisons BY NAME
SELECT k.dataset, k.vintage, 'chain ' || k.base_period || '/' || k.period AS table_id,
       split_part(substr(k.inputs[1], length(k.dataset) + length(k.vintage) + 3), '=', 1) AS locator,
       'chain' AS rule, 'multiple' AS indicator, k.definition, k.geo, k.flow, k.item, k.period, k.base_period,
       '' AS reference, 'TIMES' AS unit, 0 AS unit_mult,
       array_to_string(list_transform(k.inputs, lambda i: split_part(i, '=', 2)), ' % x ') || ' %' AS printed,
       k.value AS printed_value, k.lower AS printed_lower, k.upper AS printed_upper,
       m.value AS computed_value, m.lower AS computed_lower, m.upper AS computed_upper, m.obs_status,
       CASE WHEN m.lower > k.upper OR m.upper < k.lower THEN 'contradictory'
            WHEN m.value IS NULL THEN 'not_computable'
            WHEN k.lower <= m.value AND m.value <= k.upper THEN 'equal' ELSE 'within_rounding' END AS verdict,
       'published rates chained, against the published levels' AS note,
       list_sort(list_distinct(k.inputs || m.inputs)) AS inputs
FROM indicators k
JOIN indicators m ON k.indicator = 'chained_multiple' AND m.indicator = 'multiple' AND k.partner = 'W'
 AND (m.dataset, m.vintage, m.geo, m.partner, m.flow, m.item, m.period, m.base_period, m.basis, m.adjustment,
      m.currency)
   = (k.dataset, k.vintage, k.geo, k.partner, k.flow, k.item, k.period, k.base_period, k.basis, k.adjustment,
      k.currency)
QUALIFY row_number() OVER (PARTITION BY k.dataset, k.vintage, k.inputs ORDER BY
    list_position(['equal', 'within_rounding', 'contradictory', 'not_computable'], verdict), k.currency) = 1;
