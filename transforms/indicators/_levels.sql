-- The levels that indicators are computed from, made from the observations in four steps:
-- level_printings -> levels -> totals -> measured. Published shares, rates and balances are never used here.

CREATE OR REPLACE TEMP MACRO precedence(status) AS (
    SELECT min(s.precedence) FROM obs_status s WHERE list_contains(string_split(status, ';'), s.code)
);

-- The nearest number to v that the interval allows (an empty end is open).
-- How far an unrounded value may lie from what is held of it: workbooks hold fifteen digits, the observations ten
-- decimals. Of a value with fewer than nine decimals all is held.
CREATE OR REPLACE TEMP MACRO cut_off(v) AS CAST(
    CASE WHEN v % CAST('0.00000001' AS DECIMAL(38, 10)) <> 0
         THEN greatest(1e-10, pow(10.0, floor(log10(abs(CAST(v AS DOUBLE)))) - 14)) ELSE 0 END AS DECIMAL(38, 10));
CREATE OR REPLACE TEMP MACRO nearest(v, lo, hi) AS (CASE WHEN v IS NOT NULL THEN least(greatest(v, lo), hi) END);

-- The lower end for a ratio: what is not printed as negative is held not to be negative.
CREATE OR REPLACE TEMP MACRO not_below_zero(lo) AS (CASE WHEN lo < 0 THEN 0 ELSE lo END);

-- The ends of a range at ten decimals, rounded outward so that the range is never narrower; decimals stay exact.
CREATE OR REPLACE TEMP MACRO rounded_down(v) AS (
    CASE WHEN typeof(v) = 'DOUBLE' THEN CAST(floor(CAST(v AS DOUBLE) * 1e10) / 1e10 AS DECIMAL(38, 10))
         ELSE CAST(v AS DECIMAL(38, 10)) END
);
CREATE OR REPLACE TEMP MACRO rounded_up(v) AS (
    CASE WHEN typeof(v) = 'DOUBLE' THEN CAST(ceil(CAST(v AS DOUBLE) * 1e10) / 1e10 AS DECIMAL(38, 10))
         ELSE CAST(v AS DECIMAL(38, 10)) END
);

-- 1. Every printing of a level. lo and hi: the interval it stands for; a machine value without one is a point;
--    point is empty for a figure stated only as a bound (over, under). Amounts of one place, edition, scheme and unit
--    are brought to the smallest power of ten in use there, so that 万美元 and 亿美元 can be added exactly; aggregates
--    under a definition (DEF) go with the items that they are sums of.
CREATE OR REPLACE TEMP TABLE level_printings AS
WITH ten(power, factor) AS (
    SELECT p, CAST('1' || repeat('0', p) AS DECIMAL(19, 0)) FROM range(0, 19) r(p)
), scaled AS (
    SELECT o.*,
           min(unit_mult) OVER (PARTITION BY dataset, vintage, geo, unit, price,
               CASE WHEN starts_with(item, 'DEF:') THEN 'EBOPS2010' ELSE split_part(item, ':', 1) END) AS mult,
           CASE WHEN qualifier IN ('over', 'at_least', 'under', 'at_most') THEN NULL ELSE value END AS stated,
           CASE WHEN qualifier = '' AND lower IS NULL THEN value - cut_off(value) ELSE lower END AS low,
           CASE WHEN qualifier = '' AND upper IS NULL THEN value + cut_off(value) ELSE upper END AS high
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

-- 2. One row per concept of an edition. All printings of it hold together: their intervals are intersected, the
--    narrowest one gives the value (moved to the nearest end where another printing rules it out). Where they cannot
--    all be true the row is contested and spans them all.
CREATE OR REPLACE TEMP TABLE levels AS
WITH ranked AS (
    SELECT *, row_number() OVER (
        PARTITION BY dataset, vintage, geo, partner, flow, item, measure, period, freq, basis, price, unit, adjustment
        ORDER BY point IS NULL, hi - lo NULLS LAST, table_id, locator) AS place
    FROM level_printings
), agreed AS (
    SELECT dataset, vintage, geo, partner, flow, item, measure, period, freq, basis, price, unit, adjustment,
           max(mult) AS mult,
           max(point) FILTER (WHERE place = 1) AS point,
           max(obs_status) FILTER (WHERE place = 1) AS obs_status,
           max(lo) AS max_lo, min(hi) AS min_hi, coalesce(max(lo) > min(hi), false) AS contested,
           CASE WHEN NOT bool_or(lo IS NULL AND hi IS NOT NULL) THEN min(lo) END AS span_lo,
           CASE WHEN NOT bool_or(hi IS NULL AND lo IS NOT NULL) THEN max(hi) END AS span_hi,
           list(input ORDER BY input) AS inputs
    FROM ranked
    GROUP BY ALL
)
SELECT * EXCLUDE (point, max_lo, min_hi, span_lo, span_hi),
       CASE WHEN contested THEN point ELSE nearest(point, max_lo, min_hi) END AS point,
       CASE WHEN contested THEN span_lo ELSE max_lo END AS lo,
       CASE WHEN contested THEN span_hi ELSE min_hi END AS hi
FROM agreed;

-- 3. Exports, imports and both together, side by side, each narrowed by X + M = T where T is printed. A printed figure
--    that the other two rule out within rounding, because it is the coarsest, gives way to what they allow.
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
    SELECT *, contested0 OR coalesce(x_lo0 + m_lo0 > t_hi0, false)
               OR coalesce(x_hi0 + m_hi0 < t_lo0, false) AS contested
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

-- v where the interval holds it, else the nearest to the other figure that it does hold
CREATE OR REPLACE TEMP MACRO fitting(v, other, lo, hi) AS (
    CASE WHEN nearest(v, lo, hi) = v THEN v WHEN v IS NOT NULL THEN nearest(coalesce(other, v), lo, hi) END
);

-- narrowed: the printed figure is the coarsest of three, and gave way to what the other two allow
CREATE OR REPLACE TEMP MACRO published_or_narrowed(contested, v, lo, hi) AS (
    CASE WHEN NOT contested AND nearest(v, lo, hi) <> v THEN 'narrowed' ELSE 'published' END
);

CREATE OR REPLACE TEMP TABLE totals AS
SELECT dataset, vintage, geo, partner, 'X' AS flow, item, measure, period, freq, basis, price, unit, adjustment, mult,
       CASE WHEN contested THEN x ELSE fitting(x, t - m, x_lo, x_hi) END AS point, x_lo AS lo, x_hi AS hi,
       x_status AS obs_status, CAST(x IS NOT NULL AS DOUBLE) AS coverage, contested,
       list_sort(CASE WHEN has_t > 0 AND has_m > 0 THEN all_inputs ELSE x_inputs END) AS inputs,
       published_or_narrowed(contested, x, x_lo, x_hi) AS method
FROM flows_together WHERE has_x > 0
UNION ALL BY NAME
SELECT dataset, vintage, geo, partner, 'M' AS flow, item, measure, period, freq, basis, price, unit, adjustment, mult,
       CASE WHEN contested THEN m ELSE fitting(m, t - x, m_lo, m_hi) END AS point, m_lo AS lo, m_hi AS hi,
       m_status AS obs_status, CAST(m IS NOT NULL AS DOUBLE) AS coverage, contested,
       list_sort(CASE WHEN has_t > 0 AND has_x > 0 THEN all_inputs ELSE m_inputs END) AS inputs,
       published_or_narrowed(contested, m, m_lo, m_hi) AS method
FROM flows_together WHERE has_m > 0
UNION ALL BY NAME
-- a total that is printed without a figure (suppressed, or only "over") is summed where both flows are printed
SELECT dataset, vintage, geo, partner, 'T' AS flow, item, measure, period, freq, basis, price, unit, adjustment, mult,
       CASE WHEN NOT is_printed THEN x + m WHEN contested THEN t ELSE fitting(t, x + m, t_lo, t_hi) END AS point,
       t_lo AS lo, t_hi AS hi,
       CASE WHEN is_printed THEN t_status
            WHEN precedence(x_status) <= precedence(m_status) THEN x_status ELSE m_status END AS obs_status,
       CASE WHEN is_printed THEN CAST(t IS NOT NULL AS DOUBLE)
            ELSE (CAST(x IS NOT NULL AS DOUBLE) + CAST(m IS NOT NULL AS DOUBLE)) / 2 END AS coverage,
       contested, list_sort(all_inputs) AS inputs,
       CASE WHEN is_printed THEN published_or_narrowed(contested, t, t_lo, t_hi) ELSE 'sum' END AS method
FROM (SELECT *, has_t > 0 AND (t IS NOT NULL OR x IS NULL OR m IS NULL) AS is_printed FROM flows_together)
WHERE has_t > 0 OR (has_x > 0 AND has_m > 0)
UNION ALL BY NAME
SELECT *, CAST(point IS NOT NULL AS DOUBLE) AS coverage, 'published' AS method FROM levels
WHERE flow = 'N' OR measure = 'count';

-- 4. Aggregates under a definition: as published, else the sum of its items (is_whole). Where items are missing there
--    is no value, but a lower end (the items at hand) and, where all services are known, an upper end (all services
--    less what is known not to belong): both hold if no missing item is negative.
CREATE OR REPLACE TEMP TABLE measured AS
WITH required AS (
    SELECT definition, count(*) AS n FROM definitions GROUP BY definition
), parts AS (
    SELECT d.definition, t.dataset, t.vintage, t.geo, t.partner, t.flow, t.measure, t.period, t.freq, t.basis, t.price,
           t.unit, t.adjustment, max(t.mult) AS mult, count(*) AS n_listed, count(t.point) AS n_present,
           count(t.hi) AS n_bounded, sum(t.point) AS total, sum(t.lo) AS total_lo, sum(t.hi) AS total_hi,
           min(precedence(t.obs_status)) AS strength,
           min(precedence(t.obs_status)) FILTER (WHERE t.point IS NULL) AS missing_strength,
           bool_or(t.contested) AS contested, coalesce(bool_or(t.point < 0), false) AS has_negative,
           list_sort(flatten(list(t.inputs))) AS inputs,
           string_agg(CASE WHEN t.point IS NOT NULL THEN t.item END, ' ' ORDER BY t.item) AS present
    FROM totals t JOIN definitions d ON t.item = d.item
    WHERE t.measure = 'value' AND t.flow IN ('X', 'M', 'T')
    GROUP BY ALL
), outside AS (
    SELECT d.definition, t.dataset, t.vintage, t.geo, t.partner, t.flow, t.period, t.basis, t.price, t.unit,
           t.adjustment, sum(CASE WHEN t.point < 0 THEN t.lo ELSE not_below_zero(t.lo) END) AS outside_lo
    FROM totals t
    JOIN items i ON i.code = t.item AND i.tree = 'standard' AND i.parent = 'EBOPS2010:S'
    JOIN (SELECT DISTINCT definition FROM definitions) d
      ON NOT EXISTS (SELECT 1 FROM definitions e WHERE e.definition = d.definition
                     AND (e.item = t.item OR starts_with(e.item, t.item)))
    WHERE t.measure = 'value' AND t.flow IN ('X', 'M', 'T')
    GROUP BY ALL
), bounded AS (
    SELECT p.*, r.n, p.n_present = r.n AS is_whole, o.outside_lo, s.inputs AS s_inputs,
           least(s.hi - coalesce(o.outside_lo, 0), CASE WHEN p.n_bounded = r.n THEN p.total_hi END) AS most
    FROM parts p
    JOIN required r USING (definition)
    LEFT JOIN totals s ON s.item = 'EBOPS2010:S' AND s.measure = 'value'
         AND (s.dataset, s.vintage, s.geo, s.partner, s.flow, s.period, s.basis, s.price, s.unit, s.adjustment)
           = (p.dataset, p.vintage, p.geo, p.partner, p.flow, p.period, p.basis, p.price, p.unit, p.adjustment)
    LEFT JOIN outside o
         ON (o.definition, o.dataset, o.vintage, o.geo, o.partner, o.flow, o.period, o.basis, o.price, o.unit,
             o.adjustment)
          = (p.definition, p.dataset, p.vintage, p.geo, p.partner, p.flow, p.period, p.basis, p.price, p.unit,
             p.adjustment)
    WHERE NOT EXISTS (
        SELECT 1 FROM totals t WHERE t.item = 'DEF:' || p.definition
        AND (t.dataset, t.vintage, t.geo, t.partner, t.flow, t.period, t.basis, t.price, t.unit, t.adjustment)
          = (p.dataset, p.vintage, p.geo, p.partner, p.flow, p.period, p.basis, p.price, p.unit, p.adjustment))
)
SELECT t.*, CASE WHEN starts_with(item, 'DEF:') THEN substr(item, 5) ELSE '' END AS definition,
       true AS is_whole, false AS has_negative, '' AS note, NULL::DECIMAL(38, 10) AS outside_lo
FROM totals t
UNION ALL BY NAME
SELECT b.dataset, b.vintage, b.geo, b.partner, b.flow, 'DEF:' || b.definition AS item, b.measure, b.period, b.freq,
       b.basis, b.price, b.unit, b.adjustment, b.mult, b.definition, b.is_whole, b.has_negative,
       CASE WHEN b.is_whole THEN b.total END AS point,
       CASE WHEN b.is_whole THEN b.total_lo ELSE least(b.total_lo, b.most) END AS lo,
       CASE WHEN b.is_whole THEN b.total_hi WHEN b.most < b.total_lo THEN b.total_lo ELSE b.most END AS hi,
       CASE WHEN b.is_whole THEN k.code WHEN b.n_listed = b.n THEN km.code ELSE 'O' END AS obs_status,
       b.contested OR (NOT b.is_whole AND coalesce(b.most < b.total_lo, false)) AS contested,
       CASE WHEN b.is_whole THEN b.inputs ELSE list_sort(list_concat(b.inputs, b.s_inputs)) END AS inputs,
       'sum_of_items' AS method, b.n_present / b.n AS coverage,
       CASE WHEN b.is_whole THEN ''
            ELSE concat('only ', b.n_present, ' of ', b.n, ' items published (', b.present,
                        '); the range assumes that no missing item is negative') END AS note,
       b.outside_lo
FROM bounded b
LEFT JOIN obs_status k ON k.precedence = b.strength
LEFT JOIN obs_status km ON km.precedence = b.missing_strength;

-- 5. Two sides of one thing, for indicators that set exports against imports. Ratios of them are largest with most
--    exports and least imports and smallest at the opposite corner; both corners fulfil X + M = T once the intervals
--    are narrowed by it. x_from and m_from: the lower ends for ratios, which are refused for negative flows.
CREATE OR REPLACE TEMP TABLE pairs AS
WITH sides AS (
    SELECT x.dataset, x.vintage, x.geo, x.partner, x.item, x.definition, x.period, x.freq, x.basis, x.price, x.unit,
           x.adjustment, x.mult, x.point AS x0, x.lo AS x_lo0, x.hi AS x_hi0, m.point AS m0, m.lo AS m_lo0,
           m.hi AS m_hi0, t.lo AS t_lo, t.hi AS t_hi, (x.coverage + m.coverage) / 2 AS coverage,
           x.contested OR m.contested OR coalesce(t.contested, false)
               OR coalesce(x.lo + m.lo > t.hi, false) OR coalesce(x.hi + m.hi < t.lo, false) AS contested,
           CASE WHEN precedence(x.obs_status) <= precedence(m.obs_status) THEN x.obs_status
                ELSE m.obs_status END AS obs_status,
           list_sort(list_distinct(list_concat(x.inputs || m.inputs, t.inputs))) AS inputs
    FROM measured x
    JOIN measured m ON m.flow = 'M' AND m.is_whole
     AND (m.dataset, m.vintage, m.geo, m.partner, m.item, m.measure, m.period, m.basis, m.price, m.unit, m.adjustment)
       = (x.dataset, x.vintage, x.geo, x.partner, x.item, x.measure, x.period, x.basis, x.price, x.unit, x.adjustment)
    LEFT JOIN measured t ON t.flow = 'T' AND t.is_whole
     AND (t.dataset, t.vintage, t.geo, t.partner, t.item, t.measure, t.period, t.basis, t.price, t.unit, t.adjustment)
       = (x.dataset, x.vintage, x.geo, x.partner, x.item, x.measure, x.period, x.basis, x.price, x.unit, x.adjustment)
    WHERE x.flow = 'X' AND x.is_whole AND x.measure = 'value'
), narrowed AS (
    SELECT *,
           CASE WHEN contested THEN x_lo0 ELSE greatest(x_lo0, t_lo - m_hi0) END AS x_lo,
           CASE WHEN contested THEN x_hi0 ELSE least(x_hi0, t_hi - m_lo0) END AS x_hi,
           CASE WHEN contested THEN m_lo0 ELSE greatest(m_lo0, t_lo - x_hi0) END AS m_lo,
           CASE WHEN contested THEN m_hi0 ELSE least(m_hi0, t_hi - x_lo0) END AS m_hi
    FROM sides
)
SELECT *, CASE WHEN contested THEN x0 ELSE nearest(x0, x_lo, x_hi) END AS x,
       CASE WHEN contested THEN m0 ELSE nearest(m0, m_lo, m_hi) END AS m,
       not_below_zero(x_lo) AS x_from, not_below_zero(m_lo) AS m_from,
       CASE WHEN coalesce(x0, x_hi) < 0 OR coalesce(m0, m_hi) < 0 THEN 'a flow is negative'
            WHEN x0 = 0 AND m0 = 0 THEN 'exports and imports are both zero' ELSE '' END AS refusal
FROM narrowed;

-- 6. A figure over the figure that a reference code names, within one edition. Where the denominator is a sum that the
--    numerator is part of, both move together: x / (x + rest). d_most is the most that the denominator can be with the
--    numerator at its lower end, d_least the least with the numerator at its upper end.
CREATE OR REPLACE TEMP TABLE shares AS
WITH sides AS (
    SELECT dataset, vintage, geo, partner, item, measure, period, basis, price, unit, adjustment,
           max(lo) FILTER (WHERE flow = 'X') AS x_lo, max(hi) FILTER (WHERE flow = 'X') AS x_hi,
           max(lo) FILTER (WHERE flow = 'M') AS m_lo, max(hi) FILTER (WHERE flow = 'M') AS m_hi,
           max(lo) FILTER (WHERE flow = 'T') AS t_lo, max(hi) FILTER (WHERE flow = 'T') AS t_hi,
           bool_or(contested) AS sides_contested
    FROM measured WHERE flow IN ('X', 'M', 'T')
    GROUP BY ALL
), numerators AS (
    SELECT * FROM measured
    LEFT JOIN sides USING (dataset, vintage, geo, partner, item, measure, period, basis, price, unit, adjustment)
), matched AS (
    SELECT n.*, not_below_zero(n.lo) AS n_from, r.code AS reference, d.item AS reference_item,
           d.definition AS reference_definition, d.point AS d_point, not_below_zero(d.lo) AS d_lo, d.hi AS d_hi,
           d.mult AS d_mult, d.obs_status AS d_status, d.coverage AS d_coverage, d.contested AS d_contested,
           d.has_negative AS d_has_negative, d.note AS d_note, d.inputs AS d_inputs, d.is_whole AS d_is_whole,
           d.flow = n.flow AS is_same_flow,
           -- whether the numerator is in the denominator: itself in a sum, or in its own total of exports and imports
           (e.item IS NOT NULL OR d.item = n.item) AND (d.geo, d.partner) = (n.geo, n.partner)
               AND d.flow IN (n.flow, 'T') AND NOT coalesce(n.sides_contested, n.contested) AS is_part
    FROM numerators n
    JOIN geographies g ON g.code = n.geo
    JOIN refs r ON r.population = '' AND r.measure IN ('', n.measure) AND concat(r.geo, r.partner, r.flow, r.item) <> ''
    JOIN measured d
      ON d.geo = CASE r.geo WHEN '' THEN n.geo WHEN '@nation' THEN g.nation WHEN '@parent' THEN g.parent ELSE r.geo END
     AND d.partner = CASE r.partner WHEN '' THEN n.partner ELSE r.partner END
     AND d.flow = CASE r.flow WHEN '' THEN n.flow ELSE r.flow END
     AND d.item = CASE r.item WHEN '' THEN n.item ELSE r.item END
     AND (d.dataset, d.vintage, d.measure, d.period, d.basis, d.price, d.unit, d.adjustment)
       = (n.dataset, n.vintage, n.measure, n.period, n.basis, n.price, n.unit, n.adjustment)
    LEFT JOIN definitions e ON d.method = 'sum_of_items' AND e.definition = d.definition AND e.item = n.item
    WHERE (n.geo, n.flow, n.item, n.partner) <> (d.geo, d.flow, d.item, d.partner)
), parted AS (
    SELECT *, CASE WHEN is_part THEN CASE WHEN is_same_flow THEN lo ELSE t_lo END END AS part_lo,
           CASE WHEN is_part THEN CASE WHEN is_same_flow THEN hi ELSE t_hi END END AS part_hi,
           CASE flow WHEN 'X' THEN m_lo WHEN 'M' THEN x_lo END AS other_lo,
           CASE flow WHEN 'X' THEN m_hi WHEN 'M' THEN x_hi END AS other_hi
    FROM matched
), ranged AS (
    SELECT *,
           CASE WHEN part_hi IS NULL OR NOT d_is_whole THEN d_hi
                WHEN is_same_flow THEN d_hi - part_hi + n_from
                WHEN n_from + other_hi < part_lo THEN d_hi
                ELSE d_hi - part_hi + least(part_hi, n_from + other_hi) END AS d_most,
           CASE WHEN part_lo IS NULL THEN d_lo
                WHEN is_same_flow THEN d_lo - part_lo + hi
                WHEN hi + other_lo > part_hi THEN d_lo
                ELSE d_lo - part_lo + greatest(part_lo, hi + other_lo) END AS d_least,
           100 * pow(10.0, mult - d_mult) AS scale,
           CASE WHEN coalesce(point, hi) < 0 OR coalesce(d_point, d_hi) < 0 THEN 'a figure is negative'
                WHEN has_negative OR d_has_negative THEN 'an item of the sum is negative'
                WHEN coalesce(d_point, d_hi) = 0 THEN 'the denominator is zero' ELSE '' END AS refusal
    FROM parted
), divided AS (
    SELECT *,
           CASE WHEN refusal = '' THEN point / nullif(CAST(d_point AS DOUBLE), 0) * scale END AS value,
           CASE WHEN refusal = '' THEN n_from / nullif(CAST(d_most AS DOUBLE), 0) * scale END AS lower,
           CASE WHEN refusal = '' THEN hi / nullif(CAST(d_least AS DOUBLE), 0) * scale END AS most,
           CASE WHEN refusal = '' AND NOT is_whole AND reference_item = 'EBOPS2010:S'
                THEN 100 - coalesce(outside_lo / nullif(CAST(d_hi AS DOUBLE), 0) * 100, 0) END AS complement
    FROM ranged
), bounded AS (
    -- what lies outside may exceed all services as printed: then the figures contradict one another, and it bounds nothing
    SELECT *, coalesce(complement < lower, false) AS is_over,
           CASE WHEN complement < lower THEN most ELSE least(most, complement) END AS upper
    FROM divided
)
SELECT dataset, vintage, geo, partner, flow, item, period, freq, basis, adjustment, unit AS currency,
       reference, reference_item, definition AS own_definition, reference_definition,
       -- a rounded part over a rounded whole can fall outside what X + M = T leaves for their ratio
       CASE WHEN part_hi IS NOT NULL AND NOT is_same_flow THEN nearest(value, lower, upper) ELSE value END AS value,
       lower, upper,
       CASE WHEN precedence(obs_status) <= precedence(d_status) THEN obs_status ELSE d_status END AS obs_status,
       least(coverage, d_coverage) AS coverage, method, contested OR d_contested OR is_over AS contested,
       concat_ws('; ', nullif(refusal, ''), nullif(note, ''), nullif(d_note, '')) AS note,
       list_sort(list_distinct(inputs || d_inputs)) AS inputs
FROM bounded;

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
WHERE is_whole AND freq IN ('A', 'Q', 'M') AND NOT starts_with(period, '..') AND period <> ''
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
       CASE WHEN coalesce(e.point, e.hi) <= 0 THEN 'the earlier level is not above zero'
            WHEN coalesce(l.point, l.hi) < 0 THEN 'the later level is negative' ELSE '' END AS refusal,
       CASE WHEN refusal = '' THEN l.point END AS p1, CASE WHEN refusal = '' THEN not_below_zero(l.lo) END AS lo1,
       CASE WHEN refusal = '' THEN l.hi END AS hi1, e.point AS p0, not_below_zero(e.lo) AS lo0, e.hi AS hi0,
       (l.coverage + e.coverage) / 2 AS coverage,
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
                  m.adjustment, m.first_period);

-- 8. Every year of a span, for averages that need the path and not only its ends.
CREATE OR REPLACE TEMP TABLE paths AS
SELECT s.dataset, s.vintage, s.geo, s.partner, s.flow, s.item, s.measure, s.basis, s.price, s.unit AS currency,
       s.adjustment, s.first_period, s.last_period, s.years, max(l.definition) AS definition,
       count(l.point) / count(*) AS coverage,
       list(CAST(l.point AS DOUBLE) ORDER BY y.year) AS points,
       list(CAST(l.lo AS DOUBLE) ORDER BY y.year) AS los,
       list(CAST(l.hi AS DOUBLE) ORDER BY y.year) AS his,
       min(precedence(l.obs_status)) AS strength, bool_or(l.contested) AS contested,
       -- a year that is listed without a value says why; one that is not listed does not
       CASE WHEN count(l.period) = count(*)
            THEN min(precedence(l.obs_status)) FILTER (WHERE l.point IS NULL) END AS missing_strength,
       list_sort(flatten(list(l.inputs) FILTER (WHERE l.inputs IS NOT NULL))) AS inputs,
       CASE WHEN count(l.point) < count(*) THEN 'years of the span are not published'
            WHEN NOT bool_and(l.lo > 0) THEN 'a level is not above zero' ELSE '' END AS refusal
FROM spans s
JOIN (SELECT CAST(r AS INTEGER) AS year FROM range(1800, 2200) t(r)) y
  ON y.year BETWEEN year_of(s.first_period) AND year_of(s.last_period)
LEFT JOIN series l ON l.freq = 'A' AND (l.dataset, l.vintage, l.geo, l.partner, l.flow, l.item, l.measure, l.basis,
                   l.price, l.unit, l.adjustment, year_of(l.period))
               = (s.dataset, s.vintage, s.geo, s.partner, s.flow, s.item, s.measure, s.basis, s.price, s.unit,
                  s.adjustment, y.year)
WHERE s.years >= 2
GROUP BY ALL;
