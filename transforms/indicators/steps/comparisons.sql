-- Every printed share, rate, increase, balance, difference and total beside what the published figures give. A printed
-- figure that nothing can be computed for stays in the list (not_computable): what cannot be judged is counted too.
-- Levels are at current prices, so a rate at other prices is not set against them. A figure is identified by dataset,
-- vintage and locator; inputs are the cells behind the computed value only.
CREATE OR REPLACE TEMP TABLE printed_figures AS
SELECT o.*, m.statuses, dataset || '/' || vintage || '/' || locator || '=' || printed AS input,
       CASE WHEN starts_with(item, 'DEF:') THEN substr(item, 5) ELSE '' END AS definition,
       CASE WHEN contains(period, '/') THEN split_part(period, '/', 2) ELSE period END AS last_period,
       CASE WHEN contains(period, '/') AND base_period = '' THEN split_part(period, '/', 1)
            ELSE base_period END AS first_period,
       CASE WHEN qualifier = '' AND lower IS NULL THEN value - cut_off(value) ELSE lower END AS lo,
       CASE WHEN qualifier = '' AND upper IS NULL THEN value + cut_off(value) ELSE upper END AS hi,
       CASE WHEN qualifier NOT IN ('over', 'at_least', 'under', 'at_most') THEN value END AS stated,
       price IN ('', 'current') AS is_nominal
FROM observations o JOIN status_masks m USING (obs_status)
WHERE value IS NOT NULL AND activity = '_T' AND mode = '_T' AND partner = 'W';

-- The total of exports and imports of a year: its level, else the levels of the years beside it moved by the printed
-- rates, which must all hold together.
CREATE OR REPLACE TEMP TABLE known_totals AS
WITH known AS (
    SELECT dataset, vintage, geo, item, period, freq, basis, unit, adjustment, mult, CAST(point AS DOUBLE) AS point,
           CAST(not_below_zero(lo) AS DOUBLE) AS lo, CAST(hi AS DOUBLE) AS hi, statuses, inputs
    FROM measured
    WHERE flow = 'T' AND partner = 'W' AND measure = 'value' AND price = 'current' AND is_whole AND NOT contested
      AND point > 0
), rates AS (
    SELECT dataset, vintage, geo, item, freq, basis, adjustment, period AS year, base_period, input,
           1 + CAST(value AS DOUBLE) / 100 AS factor, 1 + CAST(lo AS DOUBLE) / 100 AS least_factor,
           1 + CAST(hi AS DOUBLE) / 100 AS most_factor, statuses AS rate_statuses
    FROM printed_figures
    WHERE measure = 'growth' AND flow = 'T' AND freq = 'A' AND is_nominal AND NOT contains(period, '/')
      AND base_period = year_before(period) AND qualifier = '' AND lo > -100
    QUALIFY row_number() OVER (PARTITION BY dataset, vintage, geo, item, period, basis, adjustment
                               ORDER BY hi - lo, table_id, locator) = 1
), moved AS (
    SELECT k.* REPLACE (r.year AS period, point * factor AS point, lo * least_factor AS lo, hi * most_factor AS hi,
                        statuses | rate_statuses AS statuses, list_append(inputs, r.input) AS inputs)
    FROM known k JOIN rates r USING (dataset, vintage, geo, item, freq, basis, adjustment)
    WHERE k.period = r.base_period
    UNION ALL BY NAME
    SELECT k.* REPLACE (r.base_period AS period, point / factor AS point, lo / most_factor AS lo,
                        hi / least_factor AS hi, statuses | rate_statuses AS statuses,
                        list_append(inputs, r.input) AS inputs)
    FROM known k JOIN rates r USING (dataset, vintage, geo, item, freq, basis, adjustment)
    WHERE k.period = r.year
), together AS (
    SELECT dataset, vintage, geo, item, period, freq, basis, unit, adjustment, mult, arg_min(point, hi - lo) AS narrowest,
           max(lo) AS lo, min(hi) AS hi, bit_or(statuses) AS statuses, flatten(list(inputs)) AS inputs
    FROM moved m
    WHERE NOT EXISTS (
        SELECT 1 FROM measured t
        WHERE t.flow = 'T' AND t.partner = 'W' AND t.measure = 'value' AND t.point IS NOT NULL
          AND (t.dataset, t.vintage, t.geo, t.item, t.period, t.basis, t.unit, t.adjustment)
            = (m.dataset, m.vintage, m.geo, m.item, m.period, m.basis, m.unit, m.adjustment))
    GROUP BY ALL
    HAVING coalesce(max(lo) <= min(hi), true)
)
SELECT *, false AS is_moved FROM known
UNION ALL BY NAME
SELECT * EXCLUDE (narrowest), nearest(narrowest, lo, hi) AS point, true AS is_moved FROM together;

-- The share in X + M from the shares in X and in M and b = (X - M) / (X + M), by X = (T + B) / 2, M = (T - B) / 2: a
-- weighted harmonic mean. It grows with each share and runs one way with b, so its range lies between corners.
CREATE OR REPLACE TEMP MACRO implied_share(x, m, b) AS (
    CASE WHEN b <= -1 THEN m WHEN b >= 1 THEN x
         WHEN x IS NOT NULL AND m IS NOT NULL THEN coalesce(2 * x * m / nullif((1 + b) * m + (1 - b) * x, 0), 0) END
);

CREATE OR REPLACE TEMP TABLE implied_shares AS
WITH balances AS (
    SELECT * FROM printed_figures
    WHERE measure = 'balance' AND is_nominal
    QUALIFY row_number() OVER (PARTITION BY dataset, vintage, geo, item, period, basis, unit, adjustment
                               ORDER BY (hi - lo) * pow(10.0, unit_mult) NULLS LAST, table_id, locator) = 1
), ratios AS (
    SELECT b.dataset, b.vintage, b.geo, b.item, b.period, b.basis, b.unit, b.adjustment, t.is_moved,
           t.statuses | b.statuses AS statuses, list_append(t.inputs, b.input) AS inputs,
           pow(10.0, b.unit_mult - t.mult) AS scale, b.stated * scale / t.point AS ratio,
           least(b.lo * scale / nullif(t.lo, 0), b.lo * scale / t.hi) AS ratio_lo,
           greatest(b.hi * scale / nullif(t.lo, 0), b.hi * scale / t.hi) AS ratio_hi
    FROM balances b
    JOIN known_totals t USING (dataset, vintage, geo, item, period, basis, unit, adjustment)
)
SELECT p.dataset, p.vintage, p.locator, r.unit AS c_currency, r.is_moved,
       -- exports and imports are held not to be negative, so the ratio lies between -1 and 1
       least(greatest(coalesce(ratio_lo, -1), -1), 1) AS b_lo, greatest(least(coalesce(ratio_hi, 1), 1), -1) AS b_hi,
       coalesce(ratio_lo > 1, false) OR coalesce(ratio_hi < -1, false) AS is_beyond,
       nearest(ratio, b_lo, b_hi) AS b,
       CAST(x.stated AS DOUBLE) AS x_share, CAST(m.stated AS DOUBLE) AS m_share,
       greatest(coalesce(CAST(x.lo AS DOUBLE), 0), 0) AS x_lo, greatest(coalesce(CAST(m.lo AS DOUBLE), 0), 0) AS m_lo,
       CAST(x.hi AS DOUBLE) AS x_hi, CAST(m.hi AS DOUBLE) AS m_hi,
       CASE WHEN NOT is_beyond THEN implied_share(x_share, m_share, b) END AS value,
       CASE WHEN NOT is_beyond THEN least(implied_share(x_lo, m_lo, b_lo), implied_share(x_lo, m_lo, b_hi)) END AS lower,
       CASE WHEN NOT is_beyond AND x_hi IS NOT NULL AND m_hi IS NOT NULL
            THEN greatest(implied_share(x_hi, m_hi, b_lo), implied_share(x_hi, m_hi, b_hi)) END AS upper,
       r.statuses | x.statuses | m.statuses AS statuses,
       list_concat(r.inputs, [x.input, m.input]) AS inputs
FROM printed_figures p
JOIN printed_figures x ON x.flow = 'X'
 AND (x.dataset, x.vintage, x.table_id, x.geo, x.item, x.period, x.reference, x.basis, x.adjustment, x.measure)
   = (p.dataset, p.vintage, p.table_id, p.geo, p.item, p.period, p.reference, p.basis, p.adjustment, p.measure)
JOIN printed_figures m ON m.flow = 'M'
 AND (m.dataset, m.vintage, m.table_id, m.geo, m.item, m.period, m.reference, m.basis, m.adjustment, m.measure)
   = (p.dataset, p.vintage, p.table_id, p.geo, p.item, p.period, p.reference, p.basis, p.adjustment, p.measure)
JOIN ratios r
  ON (r.dataset, r.vintage, r.geo, r.item, r.period, r.basis, r.adjustment)
   = (p.dataset, p.vintage, p.geo, p.item, p.period, p.basis, p.adjustment)
WHERE p.measure = 'share' AND p.flow = 'T' AND p.reference IN (SELECT code FROM refs WHERE flow = '' AND item <> '');

-- Shares of one whole with the levels of what they are shares of: the most finely printed one is the yardstick of the
-- others, so that one disagreement stands once.
CREATE OR REPLACE TEMP TABLE shares_with_levels AS
SELECT p.*, v.unit AS c_currency, v.mult AS v_mult, CAST(v.point AS DOUBLE) AS v_point,
       CAST(not_below_zero(v.lo) AS DOUBLE) AS v_lo, CAST(v.hi AS DOUBLE) AS v_hi, v.statuses AS v_statuses,
       v.inputs AS v_inputs,
       row_number() OVER (PARTITION BY p.dataset, p.vintage, p.geo, p.flow, p.period, p.reference, p.basis,
                                       p.adjustment, v.unit
                          ORDER BY p.stated IS NULL, (p.hi - p.lo) / CAST(p.value AS DOUBLE) NULLS LAST, p.item,
                                   p.table_id, p.locator) AS place
FROM printed_figures p
JOIN refs r ON r.code = p.reference AND r.item NOT IN ('', p.item)
JOIN measured v
  ON (v.dataset, v.vintage, v.geo, v.partner, v.flow, v.item, v.period, v.basis, v.adjustment)
   = (p.dataset, p.vintage, p.geo, p.partner, p.flow, p.item, p.period, p.basis, p.adjustment)
 AND v.measure = 'value' AND v.price = 'current' AND v.is_whole AND NOT v.contested AND v.hi > 0
WHERE p.measure = 'share' AND p.is_nominal AND p.value > 0 AND p.basis <> 'survey';

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
SELECT 'implied_share' AS rule, 'dds_share' AS rule_indicator, p.*, CAST(s.value AS DECIMAL(38, 10)) AS c_value,
       rounded_down(s.lower) AS c_lower, rounded_up(s.upper) AS c_upper, 0 AS c_mult,
       CASE WHEN s.value IS NULL THEN 'O' ELSE status_text(lawful(s.statuses, true)) END AS c_status,
       CASE WHEN s.is_beyond THEN 'the balance is larger than the total'
            WHEN s.is_moved
            THEN 'from the shares of exports and of imports, the balance, and the total moved by the printed rates'
            ELSE 'from the shares of exports and of imports, the balance and the total' END AS c_note,
       s.inputs AS c_inputs, 'implied' AS c_method, s.c_currency
FROM printed_figures p JOIN implied_shares s USING (dataset, vintage, locator)
UNION ALL BY NAME
SELECT 'share_pair' AS rule, 'share_of_reference' AS rule_indicator,
       p.* EXCLUDE (c_currency, v_mult, v_point, v_lo, v_hi, v_statuses, v_inputs, place),
       CAST(p.v_point / q.v_point * q.stated * pow(10.0, p.v_mult - q.v_mult) AS DECIMAL(38, 10)) AS c_value,
       rounded_down(p.v_lo / q.v_hi * q.lo * pow(10.0, p.v_mult - q.v_mult)) AS c_lower,
       rounded_up(p.v_hi / nullif(q.v_lo, 0) * q.hi * pow(10.0, p.v_mult - q.v_mult)) AS c_upper, 0 AS c_mult,
       CASE WHEN p.v_point IS NULL OR q.v_point IS NULL OR q.stated IS NULL THEN 'O'
            ELSE status_text(lawful(p.v_statuses | q.v_statuses | q.statuses, true)) END AS c_status,
       'from the share of ' || q.item || ' and the two amounts' AS c_note,
       list_concat(p.v_inputs || q.v_inputs, [q.input]) AS c_inputs, 'implied' AS c_method, p.c_currency
FROM shares_with_levels p
JOIN shares_with_levels q USING (dataset, vintage, geo, flow, period, reference, basis, adjustment, c_currency)
WHERE q.place = 1 AND p.item <> q.item
UNION ALL BY NAME
-- the share of exports less the share of imports
SELECT 'difference' AS rule, '' AS rule_indicator, p.*, x.stated - m.stated AS c_value, x.lo - m.hi AS c_lower,
       x.hi - m.lo AS c_upper, 0 AS c_mult,
       CASE WHEN x.stated - m.stated IS NULL THEN 'O'
            ELSE status_text(lawful(x.statuses | m.statuses, true)) END AS c_status,
       CASE WHEN x.locator IS NOT NULL THEN 'from the printed shares' END AS c_note,
       [x.input, m.input] AS c_inputs, 'difference' AS c_method
FROM printed_figures p
LEFT JOIN (printed_figures x JOIN printed_figures m
     ON x.measure = 'share' AND x.flow = 'X' AND x.reference = 'SERVICES' AND m.flow = 'M'
    AND (m.dataset, m.vintage, m.table_id, m.geo, m.item, m.period, m.reference, m.basis, m.adjustment, m.measure)
      = (x.dataset, x.vintage, x.table_id, x.geo, x.item, x.period, x.reference, x.basis, x.adjustment, x.measure))
  ON p.reference = 'IMPORT_SHARE' AND p.flow = 'X'
 AND (x.dataset, x.vintage, x.geo, x.item, x.period, x.basis, x.adjustment)
   = (p.dataset, p.vintage, p.geo, p.item, p.period, p.basis, p.adjustment)
WHERE p.measure = 'difference'
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
CROSS JOIN (SELECT count(*) AS categories FROM items WHERE parent = 'MOFCOM:T' AND tree = 'standard') n
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

-- What the two ranges say of one another; an empty end is open.
CREATE OR REPLACE TEMP MACRO meet(lo, hi, c_lower, c_upper) AS (
    coalesce(lo <= c_upper, true) AND coalesce(hi >= c_lower, true)
);
CREATE OR REPLACE TEMP MACRO verdict_of(lo, hi, c_value, c_lower, c_upper, c_status) AS (
    CASE WHEN c_value IS NULL AND c_lower IS NULL AND c_upper IS NULL THEN 'not_computable'
         WHEN list_contains(string_split(c_status, ';'), 'D') THEN 'not_comparable'
         WHEN NOT meet(lo, hi, c_lower, c_upper) THEN 'contradictory'
         WHEN c_value IS NULL THEN 'not_computable'
         WHEN coalesce(lo <= c_value, true) AND coalesce(c_value <= hi, true) THEN 'equal'
         ELSE 'within_rounding' END
);

-- One row per printed figure and indicator: where levels stand in two currencies, the one that agrees best. An average
-- of unstated method contradicts the levels only when none of the three methods gives it.
INSERT INTO comparisons BY NAME
WITH scaled AS (
    SELECT * REPLACE (
        CASE WHEN c_mult = unit_mult THEN CAST(c_value AS DECIMAL(38, 10))
             ELSE CAST(c_value * pow(10.0, c_mult - unit_mult) AS DECIMAL(38, 10)) END AS c_value,
        CASE WHEN c_mult = unit_mult THEN rounded_down(c_lower)
             ELSE rounded_down(c_lower * pow(10.0, c_mult - unit_mult)) END AS c_lower,
        CASE WHEN c_mult = unit_mult THEN rounded_up(c_upper)
             ELSE rounded_up(c_upper * pow(10.0, c_mult - unit_mult)) END AS c_upper)
    FROM matched
), judged AS (
    SELECT *, verdict_of(lo, hi, c_value, c_lower, c_upper, c_status) AS found,
           coalesce(c_value, c_lower, c_upper) IS NOT NULL AS is_computed,
           rule = 'average_growth' AND method = '' AS is_unstated,
           bool_or(found IN ('equal', 'within_rounding')) OVER same_cell
               OR list_unique(list(CASE WHEN is_computed THEN rule_indicator END) OVER same_cell) < 3
               AS is_open,
           CASE WHEN found = 'contradictory' AND is_unstated AND is_open THEN 'not_comparable' ELSE found END AS verdict
    FROM scaled
    WINDOW same_cell AS (PARTITION BY dataset, vintage, table_id, locator, rule)
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
                 nullif(c_note, ''),
                 CASE WHEN is_unstated AND verdict = 'not_comparable' THEN 'the printed figure is not by this method'
                      WHEN is_unstated AND verdict = 'contradictory'
                      THEN 'none of the three methods gives the printed figure' END) AS note,
       CASE WHEN is_computed THEN list_sort(list_distinct(c_inputs)) ELSE [] END AS inputs
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
       verdict_of(k.lower, k.upper, m.value, m.lower, m.upper, m.obs_status) AS verdict,
       'published rates chained, against the published levels' AS note,
       CASE WHEN verdict = 'not_computable' AND m.lower IS NULL AND m.upper IS NULL THEN [] ELSE m.inputs END AS inputs
FROM indicators k
JOIN indicators m ON k.indicator = 'chained_multiple' AND m.indicator = 'multiple' AND k.partner = 'W'
 AND (m.dataset, m.vintage, m.geo, m.partner, m.flow, m.item, m.period, m.base_period, m.basis, m.adjustment,
      m.currency)
   = (k.dataset, k.vintage, k.geo, k.partner, k.flow, k.item, k.period, k.base_period, k.basis, k.adjustment,
      k.currency)
QUALIFY row_number() OVER (PARTITION BY k.dataset, k.vintage, k.inputs ORDER BY
    list_position(['equal', 'within_rounding', 'contradictory', 'not_computable'], verdict), k.currency) = 1;
