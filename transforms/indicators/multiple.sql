-- The later level as a multiple of the earlier one.
SELECT definition, geo, '' AS reference, partner, flow, item, period, base_period, freq, basis, adjustment,
       'TIMES' AS unit, currency, dataset, vintage, '' AS ref_dataset, '' AS ref_vintage,
       p1 / nullif(CAST(p0 AS DOUBLE), 0) AS value,
       lo1 / nullif(CAST(hi0 AS DOUBLE), 0) AS lower,
       hi1 / nullif(CAST(lo0 AS DOUBLE), 0) AS upper,
       0 AS unit_mult, statuses, coverage, '' AS method, contested, asked,
       note, inputs
FROM changes
WHERE is_window
