-- Index, base year = 100: the level over the mean of the base year's periods. Within the base year a level moves its base too,
-- b = x + rest; the level of an annual base is 100 whatever it is.
SELECT definition, geo, '' AS reference, partner, flow, item, period, base_period, freq, basis, adjustment,
       'INDEX' AS unit, currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       CASE WHEN refusal = '' THEN 100 * n * point / nullif(CAST(b AS DOUBLE), 0) END AS value,
       CASE WHEN refusal <> '' THEN NULL WHEN is_in_base AND n = 1 THEN 100
            WHEN is_in_base THEN 100 * n * lo / nullif(CAST(b_hi - hi + lo AS DOUBLE), 0)
            ELSE 100 * n * lo / nullif(CAST(b_hi AS DOUBLE), 0) END AS lower,
       CASE WHEN refusal <> '' THEN NULL WHEN is_in_base AND n = 1 THEN 100
            WHEN is_in_base THEN 100 * n * hi / nullif(CAST(b_lo - lo + hi AS DOUBLE), 0)
            ELSE 100 * n * hi / nullif(CAST(b_lo AS DOUBLE), 0) END AS upper,
       0 AS unit_mult, statuses, coverage, 'average_of_base_year' AS method, contested, asked,
       concat_ws('; ', nullif(refusal, ''), nullif(obstacle, '')) AS note, inputs
FROM indexed
