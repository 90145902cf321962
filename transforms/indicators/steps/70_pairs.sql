-- 5. Two sides of one thing, for indicators that set exports against imports. Ratios of them are largest with most
--    exports and least imports and smallest at the opposite corner; both corners fulfil X + M = T once the intervals
--    are narrowed by it. x_from and m_from: the lower ends for ratios, which are refused for negative flows. An aggregate
--    of which only some items are published has no figure but a range, which note explains.
CREATE OR REPLACE TEMP TABLE pairs AS
WITH sides AS (
    SELECT x.dataset, x.vintage, x.geo, x.partner, x.item, x.definition, x.period, x.freq, x.basis, x.price, x.unit,
           x.adjustment, x.mult, x.point AS x0, x.lo AS x_lo0, x.hi AS x_hi0, m.point AS m0, m.lo AS m_lo0,
           m.hi AS m_hi0, t.lo AS t_lo, t.hi AS t_hi, (x.coverage + m.coverage) / 2 AS coverage,
           x.contested OR m.contested OR coalesce(t.contested, false)
               OR coalesce(x.lo + m.lo > t.hi, false) OR coalesce(x.hi + m.hi < t.lo, false) AS contested,
           x.statuses | m.statuses AS statuses,
           list_concat(x.inputs, m.inputs, t.inputs) AS inputs,
           concat_ws('; ', nullif(x.note, ''), nullif(m.note, '')) AS said
    FROM measured x
    JOIN measured m ON m.flow = 'M' AND (m.is_whole OR (m.method = 'sum_of_items' AND m.hi >= m.lo))
     AND (m.dataset, m.vintage, m.geo, m.partner, m.item, m.measure, m.period, m.basis, m.price, m.unit, m.adjustment)
       = (x.dataset, x.vintage, x.geo, x.partner, x.item, x.measure, x.period, x.basis, x.price, x.unit, x.adjustment)
    LEFT JOIN measured t ON t.flow = 'T' AND t.is_whole AND t.method <> 'sum'
     AND (t.dataset, t.vintage, t.geo, t.partner, t.item, t.measure, t.period, t.basis, t.price, t.unit, t.adjustment)
       = (x.dataset, x.vintage, x.geo, x.partner, x.item, x.measure, x.period, x.basis, x.price, x.unit, x.adjustment)
    WHERE x.flow = 'X' AND (x.is_whole OR (x.method = 'sum_of_items' AND x.hi >= x.lo)) AND x.measure = 'value'
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
            WHEN x0 = 0 AND m0 = 0 THEN 'exports and imports are both zero' ELSE '' END AS refusal,
       concat_ws('; ', nullif(refusal, ''), nullif(said, '')) AS note
FROM narrowed;

