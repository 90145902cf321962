-- 9. Two years of one share, n / d, for its change and what numerator and denominator have to do with it: shares of
--    services, and of every definition's aggregate those of what lies in it, as category_share has them. Both sides are
--    amounts of one edition with one power of ten. is_sum: the denominator is a sum that the numerator is part of, so that
--    the box is that of n and of the rest r, d = n + r; otherwise r stands for d itself.
CREATE OR REPLACE TEMP TABLE share_sides AS
WITH wanted AS (
    SELECT * REPLACE (is_sum AND starts_with(reference_item, 'DEF:') AS is_sum),
           CASE WHEN reference_item = 'EBOPS2010:S' THEN own_definition ELSE reference_definition END AS definition
    FROM shares
    WHERE measure = 'value' AND price = 'current' AND freq IN ('A', 'Q', 'M') AND NOT starts_with(period, '..')
      AND (freq <> 'A' OR NOT contains(period, '/'))
      AND ((item LIKE 'DEF:%' AND reference = 'SERVICES')
           OR (item LIKE 'EBOPS2010:S_%' AND (reference = 'SERVICES' OR is_within)))
), sums AS (
    SELECT dataset, vintage, geo, partner, flow, whole, period, basis, adjustment, unit, sum(lo_cut) AS lo,
           sum(hi) AS hi, count(*) FILTER (WHERE hi IS NULL AND is_missing) = 0 AS is_bounded
    FROM compositions WHERE price = 'current' AND starts_with(whole, 'DEF:')
    GROUP BY ALL
)
SELECT w.*, CASE WHEN w.is_sum THEN not_below_zero(s.lo - w.n_lo) ELSE w.d_lo END AS r_lo,
       -- with an item missing the rest is what the sum, by its own bounds, can be beside the numerator
       CASE WHEN NOT w.is_sum THEN w.d_hi WHEN w.d IS NOT NULL OR s.is_bounded THEN not_below_zero(s.hi - w.n_hi)
            WHEN w.d_hi - w.n_lo >= r_lo THEN w.d_hi - w.n_lo END AS r_hi,
       count(*) FILTER (WHERE (w.statuses & getvariable('law').broken) <> 0) OVER (
           PARTITION BY w.dataset, w.vintage, w.geo, w.partner, w.flow, w.item, w.reference, w.reference_item, w.freq,
                        w.basis, w.adjustment, w.currency
           ORDER BY w.period) AS n_breaks,
       (w.statuses & status_bit('D')) <> 0 AS is_otherwise_defined
FROM wanted w
LEFT JOIN sums s
  ON (s.dataset, s.vintage, s.geo, s.partner, s.flow, s.whole, s.period, s.basis, s.adjustment, s.unit)
   = (w.dataset, w.vintage, w.geo, w.partner, w.flow, w.reference_item, w.period, w.basis, w.adjustment, w.currency);

CREATE OR REPLACE TEMP TABLE share_changes AS
SELECT l.definition, l.geo, l.reference, l.partner, l.flow, l.item, l.period, e.period AS base_period, l.freq, l.basis,
       l.adjustment, l.currency, l.dataset, l.vintage, l.value AS s1, l.lower AS s1_lo, l.upper AS s1_hi, e.value AS s0,
       e.lower AS s0_lo, e.upper AS s0_hi,
       l.value IS NOT NULL AND e.value IS NOT NULL AS has_both,
       -- a share that is refused has no range either
       (l.value IS NOT NULL OR l.lower IS NOT NULL) AND (e.value IS NOT NULL OR e.lower IS NOT NULL) AS has_ranges,
       l.is_sum AND e.is_sum AS is_sum,
       CAST(e.n AS DOUBLE) AS n0, CAST(e.n_lo AS DOUBLE) AS n0_lo, CAST(e.n_hi AS DOUBLE) AS n0_hi,
       CAST(l.n AS DOUBLE) AS n1, CAST(l.n_lo AS DOUBLE) AS n1_lo, CAST(l.n_hi AS DOUBLE) AS n1_hi,
       CAST(e.d AS DOUBLE) AS d0, CAST(l.d AS DOUBLE) AS d1,
       CAST(CASE WHEN l.is_sum AND e.is_sum THEN e.r_lo ELSE e.d_lo END AS DOUBLE) AS r0_lo,
       CAST(CASE WHEN l.is_sum AND e.is_sum THEN e.r_hi ELSE e.d_hi END AS DOUBLE) AS r0_hi,
       CAST(CASE WHEN l.is_sum AND e.is_sum THEN l.r_lo ELSE l.d_lo END AS DOUBLE) AS r1_lo,
       CAST(CASE WHEN l.is_sum AND e.is_sum THEN l.r_hi ELSE l.d_hi END AS DOUBLE) AS r1_hi,
       (l.coverage + e.coverage) / 2 AS coverage, l.contested OR e.contested AS contested,
       CASE WHEN l.n_breaks > e.n_breaks THEN l.statuses | e.statuses | status_bit('B')
            ELSE l.statuses | e.statuses END AS statuses,
       CASE WHEN l.n_breaks > e.n_breaks OR l.is_otherwise_defined <> e.is_otherwise_defined THEN 'across_breaks'
            ELSE '' END AS asked,
       concat_ws('; ', nullif(e.note, ''), CASE WHEN l.note <> e.note THEN nullif(l.note, '') END,
                 CASE WHEN l.n_breaks > e.n_breaks THEN 'the series is broken in between'
                      WHEN l.is_otherwise_defined <> e.is_otherwise_defined
                      THEN 'one of the two levels stands under another definition' END) AS note,
       l.inputs || e.inputs AS inputs
FROM share_sides l
JOIN share_sides e
  ON (e.dataset, e.vintage, e.geo, e.partner, e.flow, e.item, e.reference, e.reference_item, e.basis, e.adjustment,
      e.currency, e.period)
   = (l.dataset, l.vintage, l.geo, l.partner, l.flow, l.item, l.reference, l.reference_item, l.basis, l.adjustment,
      l.currency, year_before(l.period));
