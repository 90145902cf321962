-- The levels that indicators are computed from, made from the observations in four steps:
-- level_printings -> levels -> totals -> measured. Published shares, rates and balances are never used here.

CREATE OR REPLACE TEMP MACRO precedence(status) AS (
    SELECT min(s.precedence) FROM obs_status s WHERE list_contains(string_split(status, ';'), s.code)
);

-- 1. Every printing of a level. lo and hi: the interval it stands for; a machine value without one is a point;
--    point is empty for a figure stated only as a bound (over, under). Amounts of one place, edition, scheme and unit
--    are brought to the smallest power of ten in use there, so that 万美元 and 亿美元 can be added exactly.
CREATE OR REPLACE TEMP TABLE level_printings AS
WITH ten(power, factor) AS (
    SELECT p, CAST('1' || repeat('0', p) AS DECIMAL(18, 0)) FROM range(0, 17) r(p)
), scaled AS (
    SELECT o.*,
           min(unit_mult) OVER (PARTITION BY dataset, vintage, geo, split_part(item, ':', 1), unit, price) AS mult,
           CASE WHEN qualifier IN ('over', 'at_least', 'under', 'at_most') THEN NULL ELSE value END AS stated,
           CASE WHEN qualifier = '' AND lower IS NULL THEN value ELSE lower END AS low,
           CASE WHEN qualifier = '' AND upper IS NULL THEN value ELSE upper END AS high
    FROM observations o
    WHERE measure IN ('value', 'count') AND activity = '_T' AND mode = '_T' AND price IN ('', 'current')
)
SELECT s.* EXCLUDE (stated, low, high, unit_mult),
       CAST(stated * factor AS DECIMAL(38, 10)) AS point,
       CAST(low * factor AS DECIMAL(38, 10)) AS lo,
       CAST(high * factor AS DECIMAL(38, 10)) AS hi,
       precedence(obs_status) AS strength,
       dataset || '/' || vintage || '/' || locator || '=' || printed AS input
FROM scaled s JOIN ten ON ten.power = s.unit_mult - s.mult;

-- 2. One row per concept of an edition. All printings of it hold together: their intervals are intersected, the most
--    precise printing gives the value. Where they cannot all be true the row is contested and spans them all.
CREATE OR REPLACE TEMP TABLE levels AS
WITH ranked AS (
    SELECT *, row_number() OVER (
        PARTITION BY dataset, vintage, geo, partner, flow, item, measure, period, freq, basis, price, unit, adjustment
        ORDER BY point IS NULL, decimals DESC NULLS LAST, table_id, locator) AS place
    FROM level_printings
), agreed AS (
    SELECT dataset, vintage, geo, partner, flow, item, measure, period, freq, basis, price, unit, adjustment,
           max(mult) AS mult,
           max(point) FILTER (WHERE place = 1) AS point,
           max(obs_status) FILTER (WHERE place = 1) AS obs_status,
           max(lo) AS max_lo, min(lo) AS min_lo, max(hi) AS max_hi, min(hi) AS min_hi,
           list(input ORDER BY input) AS inputs
    FROM ranked
    GROUP BY ALL
)
SELECT * EXCLUDE (max_lo, min_lo, max_hi, min_hi),
       CASE WHEN max_lo > min_hi THEN min_lo ELSE max_lo END AS lo,
       CASE WHEN max_lo > min_hi THEN max_hi ELSE min_hi END AS hi,
       coalesce(max_lo > min_hi, false) AS contested
FROM agreed;

-- 3. Exports, imports and both together, side by side, each narrowed by X + M = T where T is printed.
CREATE OR REPLACE TEMP TABLE flows_together AS
WITH pivoted AS (
    SELECT dataset, vintage, geo, partner, item, measure, period, freq, basis, price, unit, adjustment,
           max(mult) AS mult,
           max(point) FILTER (WHERE flow = 'X') AS x, max(lo) FILTER (WHERE flow = 'X') AS x_lo0,
           max(hi) FILTER (WHERE flow = 'X') AS x_hi0, max(obs_status) FILTER (WHERE flow = 'X') AS x_status,
           max(point) FILTER (WHERE flow = 'M') AS m, max(lo) FILTER (WHERE flow = 'M') AS m_lo0,
           max(hi) FILTER (WHERE flow = 'M') AS m_hi0, max(obs_status) FILTER (WHERE flow = 'M') AS m_status,
           max(point) FILTER (WHERE flow = 'T') AS t, max(lo) FILTER (WHERE flow = 'T') AS t_lo0,
           max(hi) FILTER (WHERE flow = 'T') AS t_hi0, max(obs_status) FILTER (WHERE flow = 'T') AS t_status,
           count(*) FILTER (WHERE flow = 'X') AS has_x, count(*) FILTER (WHERE flow = 'M') AS has_m,
           count(*) FILTER (WHERE flow = 'T') AS has_t,
           flatten(list(inputs) FILTER (WHERE flow = 'X')) AS x_inputs,
           flatten(list(inputs) FILTER (WHERE flow = 'M')) AS m_inputs,
           flatten(list(inputs)) AS all_inputs,
           bool_or(contested) AS contested0
    FROM levels
    WHERE flow IN ('X', 'M', 'T') AND measure = 'value'
    GROUP BY ALL
), judged AS (
    SELECT *, contested0 OR coalesce(x_lo0 + m_lo0 > t_hi0, false) OR coalesce(x_hi0 + m_hi0 < t_lo0, false) AS contested
    FROM pivoted
)
SELECT * EXCLUDE (contested0),
       CASE WHEN contested THEN x_lo0 ELSE greatest(x_lo0, t_lo0 - m_hi0) END AS x_lo,
       CASE WHEN contested THEN x_hi0 ELSE least(x_hi0, t_hi0 - m_lo0) END AS x_hi,
       CASE WHEN contested THEN m_lo0 ELSE greatest(m_lo0, t_lo0 - x_hi0) END AS m_lo,
       CASE WHEN contested THEN m_hi0 ELSE least(m_hi0, t_hi0 - x_lo0) END AS m_hi,
       CASE WHEN contested THEN least(t_lo0, x_lo0 + m_lo0) ELSE greatest(t_lo0, x_lo0 + m_lo0) END AS t_lo,
       CASE WHEN contested THEN greatest(t_hi0, x_hi0 + m_hi0) ELSE least(t_hi0, x_hi0 + m_hi0) END AS t_hi
FROM judged;

CREATE OR REPLACE TEMP TABLE totals AS
SELECT dataset, vintage, geo, partner, 'X' AS flow, item, measure, period, freq, basis, price, unit, adjustment, mult,
       x AS point, x_lo AS lo, x_hi AS hi, x_status AS obs_status, contested,
       list_sort(CASE WHEN has_t > 0 AND has_m > 0 THEN all_inputs ELSE x_inputs END) AS inputs, 'published' AS method
FROM flows_together WHERE has_x > 0
UNION ALL BY NAME
SELECT dataset, vintage, geo, partner, 'M' AS flow, item, measure, period, freq, basis, price, unit, adjustment, mult,
       m AS point, m_lo AS lo, m_hi AS hi, m_status AS obs_status, contested,
       list_sort(CASE WHEN has_t > 0 AND has_x > 0 THEN all_inputs ELSE m_inputs END) AS inputs, 'published' AS method
FROM flows_together WHERE has_m > 0
UNION ALL BY NAME
SELECT dataset, vintage, geo, partner, 'T' AS flow, item, measure, period, freq, basis, price, unit, adjustment, mult,
       CASE WHEN has_t > 0 THEN t ELSE x + m END AS point, t_lo AS lo, t_hi AS hi,
       CASE WHEN has_t > 0 THEN t_status
            WHEN precedence(x_status) <= precedence(m_status) THEN x_status ELSE m_status END AS obs_status,
       contested, list_sort(all_inputs) AS inputs,
       CASE WHEN has_t > 0 THEN 'published' ELSE 'sum' END AS method
FROM flows_together WHERE has_t > 0 OR (has_x > 0 AND has_m > 0)
UNION ALL BY NAME
SELECT * EXCLUDE (inputs), inputs, 'published' AS method FROM levels
WHERE flow = 'N' OR measure = 'count';

-- 4. Aggregates under a definition: as published, else the sum of its items. Where items are missing there is no value,
--    but a lower end (the items at hand) and, where all services are known, an upper end (all services less what is
--    known not to belong): both hold if no missing item is negative.
CREATE OR REPLACE TEMP TABLE measured AS
WITH required AS (
    SELECT definition, count(*) AS n FROM definitions GROUP BY definition
), parts AS (
    SELECT d.definition, t.dataset, t.vintage, t.geo, t.partner, t.flow, t.measure, t.period, t.freq, t.basis, t.price,
           t.unit, t.adjustment, max(t.mult) AS mult,
           count(t.point) AS n_present, sum(t.point) AS total, sum(t.lo) AS total_lo, sum(t.hi) AS total_hi,
           min(precedence(t.obs_status)) AS strength, bool_or(t.contested) AS contested,
           list_sort(flatten(list(t.inputs))) AS inputs,
           string_agg(CASE WHEN t.point IS NOT NULL THEN t.item END, ' ' ORDER BY t.item) AS present
    FROM totals t JOIN definitions d ON t.item = d.item
    WHERE t.measure = 'value' AND t.flow IN ('X', 'M', 'T')
    GROUP BY ALL
), outside AS (
    SELECT d.definition, t.dataset, t.vintage, t.geo, t.partner, t.flow, t.period, t.basis, t.price, t.unit,
           t.adjustment, sum(t.lo) AS outside_lo
    FROM totals t
    JOIN items i ON i.code = t.item AND i.tree = 'standard' AND i.parent = 'EBOPS2010:S'
    JOIN (SELECT DISTINCT definition FROM definitions) d
      ON NOT EXISTS (SELECT 1 FROM definitions e WHERE e.definition = d.definition
                     AND (e.item = t.item OR starts_with(e.item, t.item)))
    WHERE t.measure = 'value' AND t.flow IN ('X', 'M', 'T')
    GROUP BY ALL
)
SELECT t.*, CASE WHEN starts_with(item, 'DEF:') THEN substr(item, 5) ELSE '' END AS definition,
       1.0 AS coverage, '' AS note, NULL::DECIMAL(38, 10) AS outside_lo
FROM totals t
UNION ALL BY NAME
SELECT p.dataset, p.vintage, p.geo, p.partner, p.flow, 'DEF:' || p.definition AS item, p.measure, p.period, p.freq,
       p.basis, p.price, p.unit, p.adjustment, p.mult, p.definition,
       CASE WHEN p.n_present = r.n THEN p.total END AS point,
       p.total_lo AS lo,
       CASE WHEN p.n_present = r.n THEN p.total_hi
            WHEN o.outside_lo IS NULL THEN s.hi
            ELSE s.hi - o.outside_lo END AS hi,
       CASE WHEN p.n_present = r.n THEN k.code ELSE 'O' END AS obs_status,
       p.contested,
       CASE WHEN p.n_present = r.n THEN p.inputs ELSE list_sort(list_concat(p.inputs, s.inputs)) END AS inputs,
       'sum_of_items' AS method, p.n_present / r.n AS coverage,
       CASE WHEN p.n_present = r.n THEN ''
            ELSE 'only ' || p.n_present || ' of ' || r.n || ' items published (' || p.present
                 || '); the range assumes that no missing item is negative' END AS note,
       o.outside_lo
FROM parts p
JOIN required r USING (definition)
LEFT JOIN obs_status k ON k.precedence = p.strength
LEFT JOIN totals s ON s.item = 'EBOPS2010:S' AND s.measure = 'value'
     AND (s.dataset, s.vintage, s.geo, s.partner, s.flow, s.period, s.basis, s.price, s.unit, s.adjustment)
       = (p.dataset, p.vintage, p.geo, p.partner, p.flow, p.period, p.basis, p.price, p.unit, p.adjustment)
LEFT JOIN outside o
     ON (o.definition, o.dataset, o.vintage, o.geo, o.partner, o.flow, o.period, o.basis, o.price, o.unit, o.adjustment)
      = (p.definition, p.dataset, p.vintage, p.geo, p.partner, p.flow, p.period, p.basis, p.price, p.unit, p.adjustment)
WHERE NOT EXISTS (
    SELECT 1 FROM totals t WHERE t.item = 'DEF:' || p.definition
    AND (t.dataset, t.vintage, t.geo, t.partner, t.flow, t.period, t.basis, t.price, t.unit, t.adjustment)
      = (p.dataset, p.vintage, p.geo, p.partner, p.flow, p.period, p.basis, p.price, p.unit, p.adjustment));

-- 5. Two sides of one thing, for indicators that set exports against imports. The ranges of ratios lie at the corner
--    with most exports and least imports, and at the opposite one, moved onto X + M = T where T is printed.
CREATE OR REPLACE TEMP TABLE pairs AS
WITH sides AS (
    SELECT x.dataset, x.vintage, x.geo, x.partner, x.item, x.definition, x.period, x.freq, x.basis, x.price, x.unit,
           x.adjustment, x.mult, x.point AS x, x.lo AS x_lo, x.hi AS x_hi, m.point AS m, m.lo AS m_lo, m.hi AS m_hi,
           t.lo AS t_lo, t.hi AS t_hi, x.contested OR m.contested OR t.contested AS contested,
           CASE WHEN precedence(x.obs_status) <= precedence(m.obs_status) THEN x.obs_status
                ELSE m.obs_status END AS obs_status,
           list_sort(list_distinct(x.inputs || m.inputs || t.inputs)) AS inputs
    FROM measured x
    JOIN measured m ON m.flow = 'M' AND m.coverage = 1
     AND (m.dataset, m.vintage, m.geo, m.partner, m.item, m.measure, m.period, m.basis, m.price, m.unit, m.adjustment)
       = (x.dataset, x.vintage, x.geo, x.partner, x.item, x.measure, x.period, x.basis, x.price, x.unit, x.adjustment)
    JOIN measured t ON t.flow = 'T' AND t.coverage = 1
     AND (t.dataset, t.vintage, t.geo, t.partner, t.item, t.measure, t.period, t.basis, t.price, t.unit, t.adjustment)
       = (x.dataset, x.vintage, x.geo, x.partner, x.item, x.measure, x.period, x.basis, x.price, x.unit, x.adjustment)
    WHERE x.flow = 'X' AND x.coverage = 1 AND x.measure = 'value'
)
SELECT *,
       CASE WHEN NOT contested AND x_hi + m_lo > t_hi THEN t_hi - m_lo ELSE x_hi END AS x_most,
       CASE WHEN NOT contested AND x_hi + m_lo < t_lo THEN t_lo - x_hi ELSE m_lo END AS m_least,
       CASE WHEN NOT contested AND x_lo + m_hi < t_lo THEN t_lo - m_hi ELSE x_lo END AS x_least,
       CASE WHEN NOT contested AND x_lo + m_hi > t_hi THEN t_hi - x_lo ELSE m_hi END AS m_most
FROM sides;

-- 6. A figure over the figure that a reference code names, within one edition. Where the denominator is a sum that the
--    numerator is part of, both move together: x / (x + rest).
CREATE OR REPLACE TEMP TABLE shares AS
SELECT n.dataset, n.vintage, n.geo, n.partner, n.flow, n.item, n.period, n.freq, n.basis, n.adjustment,
       n.unit AS currency, r.code AS reference, r.item AS reference_item,
       n.definition AS own_definition, d.definition AS reference_definition,
       n.point / nullif(CAST(d.point AS DOUBLE), 0) * 100 * pow(10.0, n.mult - d.mult) AS value,
       n.lo / nullif(CAST(CASE WHEN e.item IS NOT NULL AND d.coverage = 1 THEN d.hi - n.hi + n.lo ELSE d.hi END AS DOUBLE), 0)
           * 100 * pow(10.0, n.mult - d.mult) AS lower,
       CASE WHEN n.coverage < 1 AND d.item = 'EBOPS2010:S' AND n.outside_lo IS NULL THEN 100.0
            WHEN n.coverage < 1 AND d.item = 'EBOPS2010:S' THEN 100 - n.outside_lo / CAST(d.hi AS DOUBLE) * 100
            ELSE n.hi / nullif(CAST(CASE WHEN e.item IS NOT NULL THEN d.lo - n.lo + n.hi ELSE d.lo END AS DOUBLE), 0)
                * 100 * pow(10.0, n.mult - d.mult) END AS upper,
       CASE WHEN precedence(n.obs_status) <= precedence(d.obs_status) THEN n.obs_status
            ELSE d.obs_status END AS obs_status,
       least(n.coverage, d.coverage) AS coverage, n.method,
       n.contested OR d.contested AS contested,
       concat_ws('; ', nullif(n.note, ''), nullif(d.note, '')) AS note,
       list_sort(list_distinct(n.inputs || d.inputs)) AS inputs
FROM measured n
JOIN geographies g ON g.code = n.geo
JOIN refs r ON r.population = '' AND concat(r.geo, r.partner, r.flow, r.item) <> ''
JOIN measured d
  ON d.geo = CASE r.geo WHEN '' THEN n.geo WHEN '@nation' THEN g.nation WHEN '@parent' THEN g.parent ELSE r.geo END
 AND d.partner = CASE r.partner WHEN '' THEN n.partner ELSE r.partner END
 AND d.flow = CASE r.flow WHEN '' THEN n.flow ELSE r.flow END
 AND d.item = CASE r.item WHEN '' THEN n.item ELSE r.item END
 AND (d.dataset, d.vintage, d.measure, d.period, d.basis, d.price, d.unit, d.adjustment)
   = (n.dataset, n.vintage, n.measure, n.period, n.basis, n.price, n.unit, n.adjustment)
 AND d.lo >= 0 AND d.hi > 0
LEFT JOIN definitions e ON d.method = 'sum_of_items' AND e.definition = d.definition AND e.item = n.item
WHERE n.lo >= 0 AND (n.geo, n.flow, n.item, n.partner) <> (d.geo, d.flow, d.item, d.partner);

-- 7. Two periods of one series. Year on year: the same period one year earlier. Windows: the whole span of a yearly
--    series, the last five and ten years, and whatever span a publisher states a rate, an increase or a multiple for.
CREATE OR REPLACE TEMP MACRO year_of(period) AS CAST(substr(period, 1, 4) AS INTEGER);
CREATE OR REPLACE TEMP MACRO year_before(period) AS (
    CASE WHEN contains(period, '/')
         THEN printf('%04d%s/%04d%s', year_of(period) - 1, substr(split_part(period, '/', 1), 5),
                     year_of(split_part(period, '/', 2)) - 1, substr(split_part(period, '/', 2), 5))
         ELSE printf('%04d%s', year_of(period) - 1, substr(period, 5)) END
);

CREATE OR REPLACE TEMP TABLE stated_spans AS
SELECT DISTINCT dataset, vintage, geo, partner, flow, item,
       CASE WHEN contains(period, '/') THEN split_part(period, '/', 1) ELSE base_period END AS first_period,
       CASE WHEN contains(period, '/') THEN split_part(period, '/', 2) ELSE period END AS last_period
FROM observations
WHERE freq = 'A' AND measure IN ('growth', 'average_growth', 'increase', 'multiple')
  AND (contains(period, '/') OR base_period <> '') AND NOT starts_with(period, '..');

CREATE OR REPLACE TEMP TABLE series AS
SELECT * FROM measured
WHERE coverage = 1 AND freq IN ('A', 'Q', 'M') AND NOT starts_with(period, '..') AND period <> ''
  AND (freq <> 'A' OR NOT contains(period, '/'));

CREATE OR REPLACE TEMP TABLE spans AS
WITH ends AS (
    SELECT dataset, vintage, geo, partner, flow, item, measure, basis, price, unit, adjustment,
           min(period) AS first_period, max(period) AS last_period
    FROM series WHERE freq = 'A' AND point IS NOT NULL
    GROUP BY ALL
), wanted AS (
    SELECT * FROM ends
    UNION
    SELECT e.* REPLACE (CAST(year_of(last_period) - n AS VARCHAR) AS first_period)
    FROM ends e, (VALUES (5), (10)) lag(n)
    WHERE EXISTS (
        SELECT 1 FROM series s
        WHERE (s.dataset, s.vintage, s.geo, s.partner, s.flow, s.item, s.measure, s.basis, s.price, s.unit,
               s.adjustment, s.period)
            = (e.dataset, e.vintage, e.geo, e.partner, e.flow, e.item, e.measure, e.basis, e.price, e.unit,
               e.adjustment, CAST(year_of(e.last_period) - n AS VARCHAR)))
    UNION
    SELECT e.* REPLACE (s.first_period AS first_period, s.last_period AS last_period)
    FROM ends e JOIN stated_spans s USING (dataset, vintage, geo, partner, flow, item)
)
SELECT *, year_of(last_period) - year_of(first_period) AS years FROM wanted
WHERE year_of(last_period) - year_of(first_period) >= 1;

CREATE OR REPLACE TEMP TABLE changes AS
WITH asked AS (
    SELECT dataset, vintage, geo, partner, flow, item, measure, basis, price, unit, adjustment,
           first_period, last_period, true AS is_window
    FROM spans
    UNION
    SELECT dataset, vintage, geo, partner, flow, item, measure, basis, price, unit, adjustment,
           year_before(period), period, false
    FROM series
), merged AS (
    SELECT * EXCLUDE (is_window), bool_or(is_window) AS is_window FROM asked GROUP BY ALL
)
SELECT l.dataset, l.vintage, l.geo, l.partner, l.flow, l.item, l.definition, l.freq, l.basis, l.adjustment,
       l.unit AS currency, l.period, e.period AS base_period, m.is_window,
       e.period = year_before(l.period) AS is_year_on_year,
       year_of(l.period) - year_of(e.period) AS years,
       l.point AS p1, l.lo AS lo1, l.hi AS hi1, e.point AS p0, e.lo AS lo0, e.hi AS hi0,
       CASE WHEN precedence(l.obs_status) <= precedence(e.obs_status) THEN l.obs_status
            ELSE e.obs_status END AS obs_status,
       l.contested OR e.contested AS contested, list_sort(list_distinct(l.inputs || e.inputs)) AS inputs
FROM merged m
JOIN series l ON (l.dataset, l.vintage, l.geo, l.partner, l.flow, l.item, l.measure, l.basis, l.price, l.unit,
                  l.adjustment, l.period)
               = (m.dataset, m.vintage, m.geo, m.partner, m.flow, m.item, m.measure, m.basis, m.price, m.unit,
                  m.adjustment, m.last_period)
JOIN series e ON (e.dataset, e.vintage, e.geo, e.partner, e.flow, e.item, e.measure, e.basis, e.price, e.unit,
                  e.adjustment, e.period)
               = (m.dataset, m.vintage, m.geo, m.partner, m.flow, m.item, m.measure, m.basis, m.price, m.unit,
                  m.adjustment, m.first_period)
WHERE (e.lo > 0 OR e.point IS NULL) AND (l.lo >= 0 OR l.point IS NULL);

-- 8. Every year of a span, for averages that need the path and not only its ends.
CREATE OR REPLACE TEMP TABLE paths AS
SELECT s.dataset, s.vintage, s.geo, s.partner, s.flow, s.item, s.basis, s.unit AS currency, s.adjustment,
       s.first_period, s.last_period, s.years, max(l.definition) AS definition,
       count(l.point) / count(*) AS coverage,
       list(CAST(l.point AS DOUBLE) ORDER BY y.year) AS points,
       list(CAST(l.lo AS DOUBLE) ORDER BY y.year) AS los,
       list(CAST(l.hi AS DOUBLE) ORDER BY y.year) AS his,
       min(precedence(l.obs_status)) AS strength, bool_or(l.contested) AS contested,
       list_sort(flatten(list(l.inputs) FILTER (WHERE l.inputs IS NOT NULL))) AS inputs,
       bool_and(l.lo > 0) AS positive
FROM spans s
JOIN (SELECT CAST(r AS INTEGER) AS year FROM range(1800, 2200) t(r)) y
  ON y.year BETWEEN year_of(s.first_period) AND year_of(s.last_period)
LEFT JOIN series l ON l.freq = 'A' AND (l.dataset, l.vintage, l.geo, l.partner, l.flow, l.item, l.measure, l.basis,
                   l.price, l.unit, l.adjustment, year_of(l.period))
               = (s.dataset, s.vintage, s.geo, s.partner, s.flow, s.item, s.measure, s.basis, s.price, s.unit,
                  s.adjustment, y.year)
WHERE s.years >= 2
GROUP BY ALL;
