-- 3. Exports, imports and both together, side by side, each narrowed by X + M = T where T is printed. A printed figure
--    that the other two rule out within rounding, because it is the coarsest, gives way to what they allow.
CREATE OR REPLACE TEMP TABLE flows_together AS
WITH pivoted AS (
    SELECT dataset, vintage, geo, partner, item, mode, measure, period, freq, basis, price, unit, adjustment,
           max(mult) AS mult,
           max(point) FILTER (WHERE flow = 'X') AS x, max(lo) FILTER (WHERE flow = 'X') AS x_lo0,
           max(hi) FILTER (WHERE flow = 'X') AS x_hi0, max(statuses) FILTER (WHERE flow = 'X') AS x_statuses,
           max(method) FILTER (WHERE flow = 'X') AS x_method,
           max(point) FILTER (WHERE flow = 'M') AS m, max(lo) FILTER (WHERE flow = 'M') AS m_lo0,
           max(hi) FILTER (WHERE flow = 'M') AS m_hi0, max(statuses) FILTER (WHERE flow = 'M') AS m_statuses,
           max(method) FILTER (WHERE flow = 'M') AS m_method,
           max(point) FILTER (WHERE flow = 'T') AS t, max(lo) FILTER (WHERE flow = 'T') AS t_lo0,
           max(hi) FILTER (WHERE flow = 'T') AS t_hi0, max(statuses) FILTER (WHERE flow = 'T') AS t_statuses,
           max(method) FILTER (WHERE flow = 'T') AS t_method,
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
CREATE OR REPLACE TEMP MACRO narrowed_or(method, contested, v, lo, hi) AS (
    CASE WHEN NOT contested AND nearest(v, lo, hi) <> v THEN 'narrowed' ELSE method END
);

CREATE OR REPLACE TEMP TABLE totals AS
SELECT dataset, vintage, geo, partner, 'X' AS flow, item, mode, measure, period, freq, basis, price, unit, adjustment, mult,
       CASE WHEN contested THEN x ELSE fitting(x, t - m, x_lo, x_hi) END AS point, x_lo AS lo, x_hi AS hi,
       x_statuses AS statuses, CAST(x IS NOT NULL AS DOUBLE) AS coverage, contested,
       list_sort(CASE WHEN has_t > 0 AND has_m > 0 THEN all_inputs ELSE x_inputs END) AS inputs,
       narrowed_or(x_method, contested, x, x_lo, x_hi) AS method
FROM flows_together WHERE has_x > 0
UNION ALL BY NAME
SELECT dataset, vintage, geo, partner, 'M' AS flow, item, mode, measure, period, freq, basis, price, unit, adjustment, mult,
       CASE WHEN contested THEN m ELSE fitting(m, t - x, m_lo, m_hi) END AS point, m_lo AS lo, m_hi AS hi,
       m_statuses AS statuses, CAST(m IS NOT NULL AS DOUBLE) AS coverage, contested,
       list_sort(CASE WHEN has_t > 0 AND has_x > 0 THEN all_inputs ELSE m_inputs END) AS inputs,
       narrowed_or(m_method, contested, m, m_lo, m_hi) AS method
FROM flows_together WHERE has_m > 0
UNION ALL BY NAME
-- a total that is printed without a figure (suppressed, or only "over") is summed where both flows are printed
SELECT dataset, vintage, geo, partner, 'T' AS flow, item, mode, measure, period, freq, basis, price, unit, adjustment, mult,
       CASE WHEN NOT is_printed THEN x + m WHEN contested THEN t ELSE fitting(t, x + m, t_lo, t_hi) END AS point,
       t_lo AS lo, t_hi AS hi,
       CASE WHEN is_printed THEN t_statuses ELSE x_statuses | m_statuses END AS statuses,
       CASE WHEN is_printed THEN CAST(t IS NOT NULL AS DOUBLE)
            ELSE (CAST(x IS NOT NULL AS DOUBLE) + CAST(m IS NOT NULL AS DOUBLE)) / 2 END AS coverage,
       contested, list_sort(all_inputs) AS inputs,
       CASE WHEN is_printed THEN narrowed_or(t_method, contested, t, t_lo, t_hi) ELSE 'sum' END AS method
FROM (SELECT *, has_t > 0 AND (t IS NOT NULL OR x IS NULL OR m IS NULL) AS is_printed FROM flows_together)
WHERE has_t > 0 OR (has_x > 0 AND has_m > 0)
UNION ALL BY NAME
SELECT *, CAST(point IS NOT NULL AS DOUBLE) AS coverage FROM levels
WHERE (flow = 'N' OR measure = 'count') AND NOT starts_with(item, 'XR:');  -- rates are no levels of trade

