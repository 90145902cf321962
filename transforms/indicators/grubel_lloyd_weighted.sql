-- Grubel-Lloyd index weighted by trade, 1 - sum |X - M| / sum (X + M) = sum 2 min(X, M) / sum (X + M), over the items of
-- all services or of a definition. The ratio n / t is highest with each item as balanced, then as large, as it can be.
-- It is lowest with each item at one of two corners, most exports with least imports or the reverse: the corner of the
-- smaller n, or the other if that adds to t at a rate of n below the ratio itself; so in the order of these rates the
-- best number of items to change over is tried out.
WITH corners AS (
    SELECT *, greatest(x_from, least(x_hi, m_hi, half)) AS x_even, greatest(m_from, least(x_hi, m_hi, half)) AS m_even,
           2 * least(x_hi, m_from) AS n1, x_hi + m_from AS t1, 2 * least(x_from, m_hi) AS n2, x_from + m_hi AS t2
    FROM balanced_parts
), ordered AS (
    SELECT *, CASE WHEN n1 < n2 OR (n1 = n2 AND t1 >= t2) THEN n1 ELSE n2 END AS n_first,
           CASE WHEN n1 < n2 OR (n1 = n2 AND t1 >= t2) THEN t1 ELSE t2 END AS t_first,
           CASE WHEN (n1 < n2 AND t2 > t1) OR (n2 < n1 AND t1 > t2) THEN abs(n1 - n2) END AS n_more,
           CASE WHEN (n1 < n2 AND t2 > t1) OR (n2 < n1 AND t1 > t2) THEN abs(t1 - t2) END AS t_more
    FROM corners
), changed AS (
    SELECT *,
           sum(n_first) OVER (PARTITION BY dataset, vintage, geo, partner, period, freq, basis, price, unit, adjustment,
                              whole) AS n_sum,
           sum(t_first) OVER (PARTITION BY dataset, vintage, geo, partner, period, freq, basis, price, unit, adjustment,
                              whole) AS t_sum,
           sum(n_more) OVER (PARTITION BY dataset, vintage, geo, partner, period, freq, basis, price, unit, adjustment,
                             whole ORDER BY n_more / nullif(CAST(t_more AS DOUBLE), 0), part) AS n_added,
           sum(t_more) OVER (PARTITION BY dataset, vintage, geo, partner, period, freq, basis, price, unit, adjustment,
                             whole ORDER BY n_more / nullif(CAST(t_more AS DOUBLE), 0), part) AS t_added
    FROM ordered
), summed AS (
    SELECT dataset, vintage, geo, partner, period, freq, basis, unit, adjustment, whole, definition, note,
           CASE WHEN count(x + m) = count(*) THEN sum(abs(x - m)) END AS gap,
           CASE WHEN count(x + m) = count(*) THEN sum(x + m) END AS total,
           bool_and(x_hi IS NOT NULL AND m_hi IS NOT NULL AND x_from IS NOT NULL AND m_from IS NOT NULL) AS is_bounded,
           sum(2 * least(x_even, m_even)) AS n_most, sum(x_even + m_even) AS t_most,
           min(n_sum / nullif(CAST(t_sum AS DOUBLE), 0)) AS unchanged,
           min((n_sum + n_added) / nullif(CAST(t_sum + t_added AS DOUBLE), 0)) AS changed_over,
           count(x + m) / CAST(count(*) AS DOUBLE) AS coverage, bit_or(statuses) AS statuses,
           bool_or(contested) AS contested, flatten(list(inputs)) AS inputs,
           CASE WHEN bool_or(has_negative) THEN 'a flow is negative'
                WHEN count(x + m) = count(*) AND sum(x + m) = 0 THEN 'exports and imports are both zero'
                ELSE '' END AS refusal
    FROM changed
    GROUP BY dataset, vintage, geo, partner, period, freq, basis, price, unit, adjustment, whole, definition, note
)
SELECT definition, geo, '' AS reference, partner, 'N' AS flow, whole AS item, period, '' AS base_period, freq, basis,
       adjustment, 'RATIO' AS unit, unit AS currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       CASE WHEN refusal = '' THEN 1 - gap / nullif(CAST(total AS DOUBLE), 0) END AS value,
       CASE WHEN refusal = '' AND is_bounded THEN least(unchanged, changed_over) END AS lower,
       CASE WHEN refusal = '' AND is_bounded THEN n_most / nullif(CAST(t_most AS DOUBLE), 0) END AS upper,
       0 AS unit_mult, statuses, coverage, 'sum_of_items' AS method, contested, '' AS asked,
       concat_ws('; ', nullif(refusal, ''), nullif(note, '')) AS note, inputs
FROM summed
