-- 6. A figure over the figure that a reference code names, within one edition. Where the denominator is a sum that the
--    numerator is part of, both move together: x / (x + rest). d_most is the most that the denominator can be with the
--    numerator at its lower end, d_least the least with the numerator at its upper end.
-- Aggregates under a definition are references too where the list names none for them (code ''): of what lies in them.
CREATE OR REPLACE TEMP TABLE share_references AS
SELECT code, geo, partner, flow, item, measure, concat(geo, partner, flow) = '' AS is_own
FROM refs WHERE population = '' AND concat(geo, partner, flow, item) <> '';
INSERT INTO share_references
SELECT '', '', '', '', 'DEF:' || definition, 'value', true
FROM (SELECT DISTINCT definition FROM definitions) d
WHERE NOT EXISTS (SELECT 1 FROM share_references r WHERE r.item = 'DEF:' || d.definition AND r.is_own);

CREATE OR REPLACE TEMP TABLE items_within AS
SELECT DISTINCT d.definition, i.code AS item FROM definitions d JOIN items i ON starts_with(i.code, d.item);

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
           d.sum_lo AS d_sum_lo,
           d.mult AS d_mult, d.statuses AS d_statuses, d.coverage AS d_coverage, d.contested AS d_contested,
           d.has_negative AS d_has_negative, d.note AS d_note, d.inputs AS d_inputs, d.is_whole AS d_is_whole,
           d.flow = n.flow AS is_same_flow, w.item IS NOT NULL AND r.is_own AS is_within,
           -- whether the numerator is in the denominator: itself in a sum, or in its own total of exports and imports
           (e.item IS NOT NULL OR d.item = n.item) AND (d.geo, d.partner) = (n.geo, n.partner)
               AND d.flow IN (n.flow, 'T') AND NOT coalesce(n.sides_contested, n.contested) AS is_part
    FROM numerators n
    JOIN geographies g ON g.code = n.geo
    JOIN share_references r ON r.measure IN ('', n.measure)
    JOIN measured d
      ON d.geo = CASE r.geo WHEN '' THEN n.geo WHEN '@nation' THEN g.nation WHEN '@parent' THEN g.parent ELSE r.geo END
     AND d.partner = CASE r.partner WHEN '' THEN n.partner ELSE r.partner END
     AND d.flow = CASE r.flow WHEN '' THEN n.flow ELSE r.flow END
     AND d.item = CASE r.item WHEN '' THEN n.item ELSE r.item END
     AND (d.dataset, d.vintage, d.measure, d.period, d.basis, d.price, d.unit, d.adjustment)
       = (n.dataset, n.vintage, n.measure, n.period, n.basis, n.price, n.unit, n.adjustment)
    LEFT JOIN definitions e ON d.method = 'sum_of_items' AND e.definition = d.definition AND e.item = n.item
    LEFT JOIN items_within w ON w.definition = d.definition AND w.item = n.item
    WHERE (n.geo, n.flow, n.item, n.partner) <> (d.geo, d.flow, d.item, d.partner)
      AND (r.code <> '' OR w.item IS NOT NULL)
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
                -- what other definitions say of a sum with items missing does not move with the numerator
                WHEN is_same_flow THEN greatest(d_lo, d_sum_lo - part_lo + hi)
                WHEN hi + other_lo > part_hi THEN d_lo
                ELSE greatest(d_lo, d_sum_lo - part_lo + greatest(part_lo, hi + other_lo)) END AS d_least,
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
       reference, reference_item, definition AS own_definition, reference_definition, is_within,
       -- a rounded part over a rounded whole can fall outside what X + M = T leaves for their ratio
       CASE WHEN part_hi IS NOT NULL AND NOT is_same_flow THEN nearest(value, lower, upper) ELSE value END AS value,
       lower, upper,
       statuses | d_statuses AS statuses,
       least(coverage, d_coverage) AS coverage, method, contested OR d_contested OR is_over AS contested,
       concat_ws('; ', nullif(refusal, ''), nullif(note, ''), nullif(d_note, '')) AS note,
       inputs || d_inputs AS inputs,
       -- the two sides, for what a change of a share is made of
       measure, price, point AS n, n_from AS n_lo, hi AS n_hi, d_point AS d, d_lo, d_hi, is_part AND is_same_flow AS is_sum
FROM bounded;

