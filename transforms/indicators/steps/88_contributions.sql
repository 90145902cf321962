-- 11. What each part has to do with the growth of its whole: a part and its whole in two periods a year apart. The whole is
--     as published, or the sum of a definition's items (is_sum): then r is the rest, whole = part + rest; otherwise r
--     stands for the whole itself. What is not printed as negative is held not to be negative.
CREATE OR REPLACE TEMP TABLE part_levels AS
WITH cut AS (
    SELECT *, CASE WHEN coalesce(point, hi) < 0 THEN lo ELSE lo_cut END AS from_lo FROM compositions
    WHERE freq IN ('A', 'Q', 'M') AND NOT starts_with(period, '..') AND (freq <> 'A' OR NOT contains(period, '/'))
)
SELECT *, (statuses & status_bit('D')) <> 0 AND len(inputs) > 0 AS is_otherwise_defined,
       CASE WHEN count(from_lo) OVER whole_of = count(point) OVER whole_of
            THEN sum(from_lo) OVER whole_of - CASE WHEN from_lo IS NULL THEN 0 ELSE from_lo END END AS rest_lo,
       CASE WHEN count(hi) OVER whole_of = count(point) OVER whole_of
            THEN sum(hi) OVER whole_of - CASE WHEN hi IS NULL THEN 0 ELSE hi END END AS rest_hi,
       count(*) FILTER (WHERE (statuses & getvariable('law').broken) <> 0) OVER (
           PARTITION BY dataset, vintage, geo, partner, flow, whole, part, freq, basis, price, unit, adjustment
           ORDER BY period) AS n_breaks
FROM cut
WINDOW whole_of AS (PARTITION BY dataset, vintage, geo, partner, flow, period, basis, price, unit, adjustment, whole);

CREATE OR REPLACE TEMP TABLE contributions AS
WITH sides AS (
    SELECT p.*, w.point AS w_point, not_below_zero(w.lo) AS w_lo, w.hi AS w_hi, w.statuses AS w_statuses,
           w.n_breaks AS w_breaks, w.is_otherwise_defined AS w_otherwise, w.contested AS w_contested, w.inputs AS w_inputs,
           w.method = 'sum_of_items' AS is_sum
    FROM part_levels p
    JOIN series w ON w.item = p.whole AND w.measure = 'value' AND w.is_whole
     AND (w.dataset, w.vintage, w.geo, w.partner, w.flow, w.period, w.basis, w.price, w.unit, w.adjustment)
       = (p.dataset, p.vintage, p.geo, p.partner, p.flow, p.period, p.basis, p.price, p.unit, p.adjustment)
)
SELECT l.definition, l.geo, coalesce(r.code, '') AS reference, l.partner, l.flow, l.part AS item, l.period,
       e.period AS base_period, l.freq, l.basis, l.adjustment, l.unit AS currency, l.dataset, l.vintage,
       e.point AS x0, CAST(e.from_lo AS DOUBLE) AS x0_lo, CAST(e.hi AS DOUBLE) AS x0_hi,
       l.point AS x1, CAST(l.from_lo AS DOUBLE) AS x1_lo, CAST(l.hi AS DOUBLE) AS x1_hi,
       e.w_point AS w0, l.w_point AS w1, CASE WHEN l.is_sum AND e.is_sum THEN 1 ELSE 0 END AS is_sum,
       CAST(CASE WHEN l.is_sum AND e.is_sum THEN e.rest_lo ELSE e.w_lo END AS DOUBLE) AS r0_lo,
       CAST(CASE WHEN l.is_sum AND e.is_sum THEN e.rest_hi ELSE e.w_hi END AS DOUBLE) AS r0_hi,
       CAST(CASE WHEN l.is_sum AND e.is_sum THEN l.rest_lo ELSE l.w_lo END AS DOUBLE) AS r1_lo,
       CAST(CASE WHEN l.is_sum AND e.is_sum THEN l.rest_hi ELSE l.w_hi END AS DOUBLE) AS r1_hi,
       CASE WHEN coalesce(e.w_point, e.w_hi) <= 0 THEN 'the earlier level is not above zero' ELSE '' END AS refusal,
       CASE WHEN abs(l.w_point - e.w_point) * 200 < e.w_point THEN 'the whole changed by less than 0.5 per cent' ELSE ''
       END AS stillness,
       CASE WHEN l.n_breaks > e.n_breaks OR l.w_breaks > e.w_breaks THEN 'the series is broken in between'
            WHEN l.is_otherwise_defined <> e.is_otherwise_defined OR l.w_otherwise <> e.w_otherwise
            THEN 'one of the two levels stands under another definition' ELSE '' END AS obstacle,
       CASE WHEN obstacle = '' THEN '' ELSE 'across_breaks' END AS asked,
       CASE WHEN l.n_breaks > e.n_breaks OR l.w_breaks > e.w_breaks THEN status_bit('B') ELSE 0 END
           | l.statuses | e.statuses | l.w_statuses | e.w_statuses AS statuses,
       CASE WHEN l.is_left OR e.is_left
            THEN concat_ws('; ', 'the range is what other figures leave', 'the range assumes that no missing item is negative')
            ELSE '' END AS said,
       l.contested OR e.contested OR l.w_contested OR e.w_contested AS contested,
       list_concat(l.inputs, e.inputs, l.w_inputs, e.w_inputs) AS inputs
FROM sides l
JOIN sides e
  ON (e.dataset, e.vintage, e.geo, e.partner, e.flow, e.whole, e.part, e.basis, e.price, e.unit, e.adjustment, e.period)
   = (l.dataset, l.vintage, l.geo, l.partner, l.flow, l.whole, l.part, l.basis, l.price, l.unit, l.adjustment,
      year_before(l.period))
LEFT JOIN refs r ON r.item = l.whole AND concat(r.geo, r.partner, r.flow, r.measure, r.population) = ''
WHERE len(l.inputs) + len(e.inputs) > 0;
