-- 6. A figure over the figure that a reference code names, within one edition: n / d. Where n is in d, both move together,
--    d = n + rest: the rest of a sum has ends of its own (steps/74_rests), what is known not to belong to n is in it, and
--    it is not negative unless an item is printed as negative. What n is in may also be its own total of exports and
--    imports, or a term of such a sum. At its least the share has the least n with the most d beside it, at its most the
--    reverse. Where the figures rule the relation out, it is contested and counts for nothing.
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

CREATE OR REPLACE TEMP TABLE in_services AS
SELECT code FROM items WHERE tree = 'standard' AND starts_with(code, 'EBOPS2010:S') AND code <> 'EBOPS2010:S'
UNION ALL
SELECT DISTINCT 'DEF:' || definition FROM definitions;

-- What is known of the categories of services beside an item that has no figure, and what they leave to it.
CREATE OR REPLACE TEMP TABLE besides AS
SELECT x.dataset, x.vintage, x.geo, x.partner, x.flow, x.item, x.period, x.basis, x.price, x.unit, x.adjustment,
       greatest(sum(CASE WHEN t.item = 'EBOPS2010:S' THEN 0 WHEN t.point < 0 THEN t.lo ELSE not_below_zero(t.lo) END),
                max(l.least)) AS beside_lo,
       max(t.hi) FILTER (WHERE t.item = 'EBOPS2010:S') - beside_lo AS left_hi
FROM totals x
JOIN totals t ON t.mode = '_T' AND (t.item = 'EBOPS2010:S' OR NOT starts_with(x.item, t.item))
 AND (t.dataset, t.vintage, t.geo, t.partner, t.flow, t.measure, t.period, t.basis, t.price, t.unit, t.adjustment)
   = (x.dataset, x.vintage, x.geo, x.partner, x.flow, x.measure, x.period, x.basis, x.price, x.unit, x.adjustment)
JOIN items i ON i.code = t.item AND i.tree = 'standard' AND (i.parent = 'EBOPS2010:S' OR i.code = 'EBOPS2010:S')
LEFT JOIN left_ranges l
  ON l.item = 'EBOPS2010:S' AND l.less = x.item
 AND (l.dataset, l.vintage, l.geo, l.partner, l.flow, l.period, l.basis, l.price, l.unit, l.adjustment)
   = (x.dataset, x.vintage, x.geo, x.partner, x.flow, x.period, x.basis, x.price, x.unit, x.adjustment)
WHERE x.point IS NULL AND x.measure = 'value' AND x.mode = '_T' AND x.item IN (FROM in_services)
  AND coalesce(x.lo, x.hi) IS NOT NULL
GROUP BY ALL;

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
    SELECT m.* REPLACE (least(m.hi, CASE WHEN m.measure = 'value' THEN z.left_hi END) AS hi), s.* EXCLUDE (
               dataset, vintage, geo, partner, item, measure, period, basis, price, unit, adjustment), z.beside_lo
    FROM measured m
    LEFT JOIN sides s USING (dataset, vintage, geo, partner, item, measure, period, basis, price, unit, adjustment)
    LEFT JOIN besides z USING (dataset, vintage, geo, partner, flow, item, period, basis, price, unit, adjustment)
), negatives AS (
    SELECT DISTINCT dataset, vintage, geo, partner, flow, period, basis, price, unit, adjustment
    FROM totals WHERE measure = 'value' AND mode = '_T' AND starts_with(item, 'EBOPS2010:S') AND point < 0
), matched AS (
    SELECT n.*, above_zero(CASE WHEN n.contested THEN n.lo ELSE greatest(n.lo, n.sum_cut) END, n.hi) AS n_from,
           r.code AS reference, d.item AS reference_item,
           d.definition AS reference_definition, d.point AS d_point, d.hi AS d_hi,
           above_zero(CASE WHEN d.contested THEN d.lo ELSE greatest(d.lo, d.sum_cut) END, d.hi) AS d_lo,
           d.lo AS d_known_lo, d.mult AS d_mult, d.statuses AS d_statuses, d.coverage AS d_coverage, d.contested AS d_contested,
           d.has_negative AS d_has_negative, d.note AS d_note, d.inputs AS d_inputs,
           d.flow = n.flow AS is_same_flow, w.item IS NOT NULL AND r.is_own AS is_within,
           -- whether the numerator is in the denominator: itself in a sum, or in its own total of exports and imports
           (t.item IS NOT NULL OR (d.item = n.item AND d.flow = 'T' AND (d.geo, d.partner) = (n.geo, n.partner)))
               AND d.flow IN (n.flow, 'T') AND NOT coalesce(n.sides_contested, n.contested) AS is_part,
           CASE WHEN NOT is_part THEN NULL WHEN t.item IS NOT NULL THEN t.rest_lo ELSE 0 END AS part_rest_lo,
           CASE WHEN NOT is_part THEN NULL WHEN t.item IS NOT NULL THEN t.rest_hi ELSE 0 END AS part_rest_hi,
           -- in the denominator as it is printed: all services, an aggregate, the same of a place that holds this one
           CASE WHEN is_part OR d.flow <> n.flow OR d.mult <> n.mult THEN NULL
                WHEN d.item = 'EBOPS2010:S' AND coalesce(n.outside_lo, n.beside_lo) IS NOT NULL AND d.geo = n.geo
                 AND d.partner = n.partner
                THEN greatest(coalesce(n.outside_lo, n.beside_lo), CASE WHEN v.flow IS NULL THEN 0 END)
                WHEN v.flow IS NULL AND d.partner = n.partner
                 AND ((d.item = n.item AND r.geo <> '')
                      OR (d.geo = n.geo AND (w.item IS NOT NULL
                                             OR (d.item = 'EBOPS2010:S' AND n.item IN (FROM in_services)))))
                THEN 0 END AS printed_rest_lo
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
    LEFT JOIN rests t
      ON (t.definition, t.item, t.geo, t.partner, t.flow) = (d.definition, n.item, n.geo, n.partner, d.flow)
     AND d.geo = n.geo AND d.partner = n.partner AND n.measure = 'value'
     AND (t.dataset, t.vintage, t.period, t.basis, t.price, t.unit, t.adjustment)
       = (d.dataset, d.vintage, d.period, d.basis, d.price, d.unit, d.adjustment)
    LEFT JOIN items_within w ON w.definition = d.definition AND w.item = n.item
    LEFT JOIN negatives v
      ON (v.dataset, v.vintage, v.geo, v.partner, v.flow, v.period, v.basis, v.price, v.unit, v.adjustment)
       = (d.dataset, d.vintage, d.geo, d.partner, d.flow, d.period, d.basis, d.price, d.unit, d.adjustment)
    WHERE (n.geo, n.flow, n.item, n.partner) <> (d.geo, d.flow, d.item, d.partner)
      AND (r.code <> '' OR w.item IS NOT NULL)
), parted AS (
    -- beside it in the denominator: the rest, and within a total of both flows the other flow
    SELECT *, coalesce(part_rest_lo, printed_rest_lo) AS rest_lo, part_rest_hi AS rest_hi,
           CASE WHEN is_part AND NOT is_same_flow THEN t_lo END AS part_lo,
           CASE WHEN is_part AND NOT is_same_flow THEN t_hi END AS part_hi,
           CASE WHEN is_same_flow OR NOT is_part THEN 0 WHEN flow = 'X' THEN m_lo WHEN flow = 'M' THEN x_lo END AS other_lo,
           CASE WHEN is_same_flow OR NOT is_part THEN 0 WHEN flow = 'X' THEN m_hi WHEN flow = 'M' THEN x_hi END AS other_hi
    FROM matched
), narrowed AS (
    SELECT *, greatest(n_from, d_lo - rest_hi - other_hi) AS n0, least(hi, d_hi - rest_lo - other_lo) AS n1,
           coalesce(n0 > n1, false) AS is_over,
           -- a relation alone, with no end of one side or no lower end of either known, is no range
           n_from IS NOT NULL AND d_lo IS NOT NULL AND coalesce(lo, d_known_lo) IS NOT NULL AS has_ends
    FROM parted
), ranged AS (
    SELECT * REPLACE (CASE WHEN is_over THEN n_from ELSE n0 END AS n0, CASE WHEN is_over THEN hi ELSE n1 END AS n1),
           CASE WHEN is_over THEN d_hi ELSE least(d_hi, least(part_hi, n0 + other_hi) + rest_hi) END AS d_most,
           CASE WHEN is_over THEN d_lo ELSE greatest(d_lo, greatest(part_lo, n1 + other_lo) + rest_lo) END AS d_least,
           100 * pow(10.0, mult - d_mult) AS scale,
           CASE WHEN coalesce(point, hi) < 0 OR coalesce(d_point, d_hi) < 0 THEN 'a figure is negative'
                WHEN has_negative OR d_has_negative THEN 'an item of the sum is negative'
                WHEN coalesce(d_point, d_hi) = 0 THEN 'the denominator is zero' ELSE '' END AS refusal
    FROM narrowed
), bounded AS (
    SELECT *,
           CASE WHEN refusal = '' THEN point / nullif(CAST(d_point AS DOUBLE), 0) * scale END AS value,
           CASE WHEN refusal = '' AND has_ends THEN n0 / nullif(CAST(d_most AS DOUBLE), 0) * scale END AS lower,
           CASE WHEN refusal = '' AND has_ends THEN n1 / nullif(CAST(d_least AS DOUBLE), 0) * scale END AS upper
    FROM ranged
)
SELECT dataset, vintage, geo, partner, flow, item, period, freq, basis, adjustment, unit AS currency,
       reference, reference_item, definition AS own_definition, reference_definition, is_within,
       -- a rounded part over a rounded whole can fall outside what the relation leaves for their ratio
       CASE WHEN is_over OR rest_lo IS NULL THEN value ELSE nearest(value, lower, upper) END AS value,
       lower, upper,
       statuses | d_statuses AS statuses,
       least(coverage, d_coverage) AS coverage, method, contested OR d_contested OR is_over AS contested,
       concat_ws('; ', nullif(refusal, ''), nullif(note, ''), nullif(d_note, '')) AS note,
       inputs || d_inputs AS inputs,
       -- the two sides, for what a change of a share is made of
       measure, price, point AS n, n0 AS n_lo, n1 AS n_hi, d_point AS d, d_lo, d_hi,
       CASE WHEN NOT is_over THEN rest_lo END AS rest_lo, CASE WHEN NOT is_over THEN rest_hi END AS rest_hi
FROM bounded;
