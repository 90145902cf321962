-- 9. Two years of one share, n / d, for its change and what numerator and denominator have to do with it: shares of
--    services, and of every definition's aggregate those of what lies in it, as category_share has them. Both sides are
--    amounts of one edition with one power of ten. Beside n in d is the rest, whose ends (empty: none are known) leave d
--    between d_least(n) and d_most(n) (steps/75_shares).
CREATE OR REPLACE TEMP MACRO d_least(n, d_lo, rest_lo) AS greatest(d_lo, n + rest_lo);
CREATE OR REPLACE TEMP MACRO d_most(n, d_hi, rest_hi) AS least(d_hi, n + rest_hi);

-- The most of (n0 + n1) (1 / d1 - 1 / d0) over both years, n0 with the most d0 beside it and n1 with the least d1: tried at
-- the ends of both n, where their denominators turn, and where the slope in n1 is zero. Empty where an end is open.
CREATE OR REPLACE TEMP MACRO denominator_at(n0, d0, n1, d1) AS (n0 + n1) * (1 / nullif(d1, 0) - 1 / nullif(d0, 0));
CREATE OR REPLACE TEMP MACRO denominator_most(n0_lo, n0_hi, d0_hi, r0_hi, n1_lo, n1_hi, d1_lo, r1_lo) AS (
    CASE WHEN n0_lo IS NULL OR n0_hi IS NULL OR n1_lo IS NULL OR n1_hi IS NULL OR coalesce(d0_hi, r0_hi) IS NULL
           OR coalesce(d1_lo, r1_lo) IS NULL OR d_least(n1_lo, d1_lo, r1_lo) = 0 THEN NULL
         ELSE list_max(flatten(list_transform(
             list_transform([n0_lo, n0_hi, between_ends(d0_hi - r0_hi, n0_lo, n0_hi)],
                            lambda v: {'n': v, 'd': d_most(v, d0_hi, r0_hi)}),
             lambda a: list_transform(
                 [n1_lo, n1_hi, between_ends(d1_lo - r1_lo, n1_lo, n1_hi),
                  between_ends(sqrt(greatest((r1_lo - a.n) * a.d, 0)) - r1_lo, n1_lo, n1_hi)],
                 lambda v: denominator_at(a.n, a.d, v, d_least(v, d1_lo, r1_lo)))))) END
);

CREATE OR REPLACE TEMP TABLE share_sides AS
WITH wanted AS (
    SELECT *, CASE WHEN reference_item = 'EBOPS2010:S' THEN own_definition ELSE reference_definition END AS definition
    FROM shares
    WHERE measure = 'value' AND price = 'current' AND freq IN ('A', 'Q', 'M') AND NOT starts_with(period, '..')
      AND (freq <> 'A' OR NOT contains(period, '/'))
      AND ((item LIKE 'DEF:%' AND reference = 'SERVICES')
           OR (item LIKE 'EBOPS2010:S_%' AND (reference = 'SERVICES' OR is_within)))
)
SELECT *,
       count(*) FILTER (WHERE (statuses & getvariable('law').broken) <> 0) OVER (
           PARTITION BY dataset, vintage, geo, partner, flow, item, reference, reference_item, freq, basis, adjustment,
                        currency
           ORDER BY period) AS n_breaks,
       (statuses & status_bit('D')) <> 0 AS is_otherwise_defined
FROM wanted;

CREATE OR REPLACE TEMP TABLE share_changes AS
WITH years AS (
    SELECT l.definition, l.geo, l.reference, l.partner, l.flow, l.item, l.period, e.period AS base_period, l.freq, l.basis,
           l.adjustment, l.currency, l.dataset, l.vintage, l.value AS s1, l.lower AS s1_lo, l.upper AS s1_hi, e.value AS s0,
           e.lower AS s0_lo, e.upper AS s0_hi,
           l.value IS NOT NULL AND e.value IS NOT NULL AS has_both,
           -- a share that is refused has no range either
           (l.value IS NOT NULL OR l.lower IS NOT NULL) AND (e.value IS NOT NULL OR e.lower IS NOT NULL) AS has_ranges,
           CAST(e.n AS DOUBLE) AS n0, CAST(e.n_lo AS DOUBLE) AS n0_lo, CAST(e.n_hi AS DOUBLE) AS n0_hi,
           CAST(l.n AS DOUBLE) AS n1, CAST(l.n_lo AS DOUBLE) AS n1_lo, CAST(l.n_hi AS DOUBLE) AS n1_hi,
           CAST(e.d AS DOUBLE) AS d0, CAST(e.d_lo AS DOUBLE) AS d0_lo, CAST(e.d_hi AS DOUBLE) AS d0_hi,
           CAST(l.d AS DOUBLE) AS d1, CAST(l.d_lo AS DOUBLE) AS d1_lo, CAST(l.d_hi AS DOUBLE) AS d1_hi,
           CAST(e.rest_lo AS DOUBLE) AS r0_lo, CAST(e.rest_hi AS DOUBLE) AS r0_hi,
           CAST(l.rest_lo AS DOUBLE) AS r1_lo, CAST(l.rest_hi AS DOUBLE) AS r1_hi,
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
          l.currency, year_before(l.period))
)
-- the denominators at the corners of the numerator's effect, and the ends of the denominator's
SELECT *,
       CASE WHEN n1_hi > n0_lo THEN d_least(n0_lo, d0_lo, r0_lo) ELSE d_most(n0_lo, d0_hi, r0_hi) END AS most_d0,
       CASE WHEN n1_hi > n0_lo THEN d_least(n1_hi, d1_lo, r1_lo) ELSE d_most(n1_hi, d1_hi, r1_hi) END AS most_d1,
       CASE WHEN n1_lo > n0_hi THEN d_most(n0_hi, d0_hi, r0_hi) ELSE d_least(n0_hi, d0_lo, r0_lo) END AS least_d0,
       CASE WHEN n1_lo > n0_hi THEN d_most(n1_lo, d1_hi, r1_hi) ELSE d_least(n1_lo, d1_lo, r1_lo) END AS least_d1,
       denominator_most(n0_lo, n0_hi, d0_hi, r0_hi, n1_lo, n1_hi, d1_lo, r1_lo) AS most_by_d,
       -denominator_most(n1_lo, n1_hi, d1_hi, r1_hi, n0_lo, n0_hi, d0_lo, r0_lo) AS least_by_d
FROM years;
