-- 6d. The parts of a whole with both flows side by side, narrowed by X + M = T where T is printed; a part that cannot
--     exist trades nothing. note: which parts are published, where some are not.
CREATE OR REPLACE TEMP TABLE balanced_parts AS
WITH sides AS (
    SELECT dataset, vintage, geo, partner, period, freq, basis, price, unit, adjustment, whole, definition, part,
           bool_or(flow = 'X') AS has_x, bool_or(flow = 'M') AS has_m,
           bool_or(flow = 'X' AND point IS NULL AND NOT is_missing) AS no_x,
           bool_or(flow = 'M' AND point IS NULL AND NOT is_missing) AS no_m,
           count(point) AS n_points, bit_or(statuses) AS statuses, bool_or(contested) AS contested,
           flatten(list(inputs)) AS inputs
    FROM compositions WHERE flow IN ('X', 'M')
    GROUP BY ALL
), matched AS (
    SELECT s.* EXCLUDE (statuses, contested, inputs),
           CASE WHEN no_x THEN 0 ELSE p.x END AS x, CASE WHEN no_m THEN 0 ELSE p.m END AS m,
           CASE WHEN no_x THEN 0 ELSE p.x_from END AS x_from, CASE WHEN no_x THEN 0 ELSE p.x_hi END AS x_hi,
           CASE WHEN no_m THEN 0 ELSE p.m_from END AS m_from, CASE WHEN no_m THEN 0 ELSE p.m_hi END AS m_hi,
           CASE WHEN NOT p.contested THEN CAST(p.t_hi / 2 AS DECIMAL(38, 10)) END AS half,
           coalesce(p.refusal = 'a flow is negative', false) AS has_negative,
           CASE WHEN p.item IS NULL THEN s.statuses | status_bit('O') ELSE s.statuses END AS statuses,
           s.contested OR coalesce(p.contested, false) AS contested,
           CASE WHEN p.item IS NULL THEN s.inputs ELSE p.inputs END AS inputs
    FROM sides s
    LEFT JOIN pairs p ON p.item = s.part
     AND (p.dataset, p.vintage, p.geo, p.partner, p.period, p.basis, p.price, p.unit, p.adjustment)
       = (s.dataset, s.vintage, s.geo, s.partner, s.period, s.basis, s.price, s.unit, s.adjustment)
), listed AS (
    SELECT dataset, vintage, geo, partner, period, freq, basis, price, unit, adjustment, whole,
           CASE WHEN count(*) FILTER (WHERE x IS NULL OR m IS NULL) > 0
                THEN concat('only ', count(*) FILTER (WHERE x IS NOT NULL AND m IS NOT NULL), ' of ', count(*),
                            ' items published (',
                            string_agg(CASE WHEN x IS NOT NULL AND m IS NOT NULL THEN part END, ' ' ORDER BY part), ')')
                ELSE '' END AS note
    FROM matched
    GROUP BY ALL
    HAVING bool_or(has_x AND n_points > 0) AND bool_or(has_m AND n_points > 0)
       AND count(*) FILTER (WHERE x IS NOT NULL AND m IS NOT NULL) > 0
)
SELECT m.*, l.note
FROM matched m
JOIN listed l USING (dataset, vintage, geo, partner, period, freq, basis, price, unit, adjustment, whole);
