-- 6c. Shares of all services with travel left out of the denominator: when travel collapses, every other share jumps
--     without anything having been sold. What is counted is in services without travel, so that no share is above 100.
--     Travel that is not published lies between zero and what the rest leaves, if it is not negative. Where a figure or
--     items are missing, what is known to lie outside, travel apart, is in the denominator beside what is counted.
CREATE OR REPLACE TEMP TABLE shares_without_travel AS
WITH counted AS (
    SELECT m.*
    FROM measured m
    WHERE m.measure = 'value' AND m.flow IN ('X', 'M', 'T')
      AND (m.item IN (SELECT code FROM items WHERE tree = 'standard' AND code <> 'EBOPS2010:S'
                      AND starts_with(code, 'EBOPS2010:S') AND NOT starts_with(code, 'EBOPS2010:SD'))
           OR (starts_with(m.item, 'DEF:') AND m.definition NOT IN (
                   SELECT definition FROM definitions WHERE starts_with(item, 'EBOPS2010:SD') OR item = 'EBOPS2010:S')))
), matched AS (
    SELECT n.*, s.point AS s, not_below_zero(s.lo) AS s_lo, s.hi AS s_hi, s.statuses AS s_statuses,
           s.coverage AS s_coverage, s.contested OR t.contested AS rest_contested, s.inputs || t.inputs AS rest_inputs,
           t.statuses AS t_statuses, t.coverage AS t_coverage,
           t.point IS NULL AND (t.statuses & getvariable('law').empty) <> 0 AS no_travel,
           CASE WHEN no_travel THEN 0 ELSE t.point END AS t, CASE WHEN no_travel THEN 0 ELSE t.hi END AS t_hi,
           CASE WHEN no_travel OR t.lo IS NULL THEN 0 ELSE not_below_zero(t.lo) END AS t_lo,
           greatest(coalesce(n.outside_lo, z.beside_lo) - t_lo, CAST(0 AS DECIMAL(38, 10))) AS beside_lo
    FROM counted n
    JOIN measured s ON s.item = 'EBOPS2010:S'
     AND (s.dataset, s.vintage, s.geo, s.partner, s.flow, s.measure, s.period, s.basis, s.price, s.unit, s.adjustment)
       = (n.dataset, n.vintage, n.geo, n.partner, n.flow, n.measure, n.period, n.basis, n.price, n.unit, n.adjustment)
    JOIN measured t ON t.item = 'EBOPS2010:SD'
     AND (t.dataset, t.vintage, t.geo, t.partner, t.flow, t.measure, t.period, t.basis, t.price, t.unit, t.adjustment)
       = (n.dataset, n.vintage, n.geo, n.partner, n.flow, n.measure, n.period, n.basis, n.price, n.unit, n.adjustment)
    LEFT JOIN besides z
      ON (z.dataset, z.vintage, z.geo, z.partner, z.flow, z.item, z.period, z.basis, z.price, z.unit, z.adjustment)
       = (n.dataset, n.vintage, n.geo, n.partner, n.flow, n.item, n.period, n.basis, n.price, n.unit, n.adjustment)
), ranged AS (
    SELECT *, s - t AS rest, s_lo - t_hi AS rest_lo, s_hi - t_lo AS rest_hi,
           above_zero(CASE WHEN contested THEN lo ELSE greatest(lo, sum_cut) END, hi) AS n_lo, coalesce(n_lo > rest_hi - beside_lo, false) AS is_over,
           CASE WHEN is_over THEN hi ELSE least(hi, rest_hi - beside_lo) END AS n_hi,
           CASE WHEN is_over THEN CASE WHEN rest_lo > 0 THEN rest_lo END
                ELSE greatest(rest_lo, n_hi + beside_lo) END AS d_least,
           CASE WHEN coalesce(point, hi) < 0 OR coalesce(s, s_hi) < 0 OR coalesce(t, t_hi) < 0 THEN 'a figure is negative'
                WHEN has_negative THEN 'an item of the sum is negative'
                WHEN coalesce(s - t, s_hi - t_lo) <= 0 THEN 'services without travel are not above zero'
                ELSE '' END AS refusal
    FROM matched
), bounded AS (
    SELECT *,
           CASE WHEN refusal = '' THEN point / nullif(CAST(rest AS DOUBLE), 0) * 100 END AS share,
           CASE WHEN refusal = '' THEN n_lo / nullif(CAST(rest_hi AS DOUBLE), 0) * 100 END AS lower,
           CASE WHEN refusal = '' AND n_lo IS NOT NULL THEN n_hi / nullif(CAST(d_least AS DOUBLE), 0) * 100 END AS upper
    FROM ranged
)
SELECT dataset, vintage, geo, partner, flow, item, definition, period, freq, basis, adjustment, unit AS currency,
       'SERVICES_WITHOUT_TRAVEL' AS reference, lower, upper,
       CASE WHEN is_over THEN share ELSE nearest(share, lower, upper) END AS value,
       statuses | s_statuses | t_statuses AS statuses,
       (coverage + s_coverage + CASE WHEN no_travel THEN 1 ELSE t_coverage END) / 3 AS coverage, method,
       contested OR rest_contested OR is_over AS contested,
       concat_ws('; ', nullif(refusal, ''), nullif(note, ''),
                 CASE WHEN refusal = '' AND t IS NULL AND is_whole
                      THEN 'the range assumes that no missing item is negative' END) AS note,
       inputs || rest_inputs AS inputs
FROM bounded;
