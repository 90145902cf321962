-- Grubel-Lloyd index of one item, 1 - |X - M| / (X + M). It is 1 - |2 s - 1| of the orientation s = X / (X + M), which
-- takes every value of its range: highest where s is nearest to one half, lowest at one of the two ends.
WITH oriented AS (
    SELECT *,
           CASE WHEN refusal = '' THEN x_from / nullif(CAST(x_from + m_hi AS DOUBLE), 0) END AS s_lo,
           CASE WHEN refusal = '' THEN x_hi / nullif(CAST(x_hi + m_from AS DOUBLE), 0) END AS s_hi,
           CASE WHEN refusal = '' THEN abs(x - m) / nullif(CAST(x + m AS DOUBLE), 0) END AS imbalance
    FROM pairs
)
SELECT definition, geo, '' AS reference, partner, 'N' AS flow, item, period, '' AS base_period, freq, basis, adjustment,
       'RATIO' AS unit, unit AS currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       1 - imbalance AS value,
       CASE WHEN s_lo IS NOT NULL AND s_hi IS NOT NULL
            THEN 1 - greatest(abs(2 * s_lo - 1), abs(2 * s_hi - 1)) END AS lower,
       CASE WHEN s_lo >= 0.5 THEN 2 - 2 * s_lo WHEN s_hi <= 0.5 THEN 2 * s_hi
            WHEN s_lo IS NOT NULL AND s_hi IS NOT NULL THEN 1 END AS upper,
       0 AS unit_mult, statuses, coverage, '' AS method, contested, '' AS asked, note, inputs
FROM oriented
